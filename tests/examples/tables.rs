//! The tables of `examples/README.md`.

use std::path::{Path, PathBuf};

/// A table of the README: its header, and its rows without the markup of links.
pub struct Table {
    pub header: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// The folder of the examples.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// The table with a header; it must exist and have rows of the same width.
pub fn table(header: &[&str]) -> Table {
    let found = tables().into_iter().find(|table| table.header == header);
    let found = found.unwrap_or_else(|| panic!("no table has the header {header:?}"));
    assert!(!found.rows.is_empty(), "nothing under {header:?}");
    for row in &found.rows {
        assert_eq!(row.len(), header.len(), "{row:?}");
    }
    found
}

/// Every table of the README.
pub fn tables() -> Vec<Table> {
    let text = std::fs::read_to_string(folder().join("README.md")).expect("the README");
    let mut tables: Vec<Table> = Vec::new();
    let mut in_table = false;
    for line in text.lines() {
        let Some(row) = line.strip_prefix('|').and_then(|it| it.strip_suffix('|')) else {
            in_table = false;
            continue;
        };
        let cells: Vec<String> = row.split('|').map(cell).collect();
        match tables.last_mut().filter(|_| in_table) {
            None => tables.push(Table {
                header: cells,
                rows: Vec::new(),
            }),
            Some(_) if cells.iter().all(|cell| cell == "---") => {}
            Some(table) => table.rows.push(cells),
        }
        in_table = true;
    }
    tables
}

/// The text of a cell; of a link its words, which must equal its target.
fn cell(text: &str) -> String {
    let text = text.trim();
    let link = text.strip_prefix('[').and_then(|it| it.strip_suffix(')'));
    let Some((words, target)) = link.and_then(|link| link.split_once("](")) else {
        return text.to_owned();
    };
    assert_eq!(words, target, "the words of a link equal its target");
    words.to_owned()
}

/// Whether a text names a clause, and not only a longer id that begins with the clause's.
pub fn names(text: &str, clause: &str) -> bool {
    text.match_indices(clause).any(|(at, _)| {
        let continues = |c: char| c.is_ascii_alphanumeric();
        let before = text[..at].chars().next_back();
        let mut after = text[at + clause.len()..].chars();
        let after = match after.next() {
            Some('.' | '(') => after.next(),
            other => other,
        };
        !before.is_some_and(continues) && !after.is_some_and(continues)
    })
}

/// The word after each occurrence of `words`, such as the kind of step after `the step`.
pub fn after<'t>(text: &'t str, words: &str) -> Vec<&'t str> {
    text.match_indices(words)
        .filter_map(|(at, _)| text[at + words.len()..].split_whitespace().next())
        .map(|word| word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_'))
        .collect()
}

#[test]
fn clause_is_named_by_its_whole_id() {
    assert!(names("72 hours (VI.D.1), urgent by III.A.1", "VI.D.1"));
    assert!(names("the policy's and the law's (VI.D.2)", "VI.D.2"));
    assert!(!names("72 hours (VI.D.1)", "VI.D"));
    assert!(!names("by 42 CFR 438.210(d)(2)", "42 CFR 438.210(d)"));
    assert!(names("ends with VI.A.", "VI.A"));
    assert_eq!(
        after("the step FILE_GRIEVANCE (VI.E)", "the step "),
        ["FILE_GRIEVANCE"]
    );
}
