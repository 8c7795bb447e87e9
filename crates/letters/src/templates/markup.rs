//! The line markup of templates: the first characters of a line select its block.
//!
//! | line | block |
//! | --- | --- |
//! | `# words` | the title |
//! | `## section \| words` | a section and its heading |
//! | `### words` | a heading within a section |
//! | `- words` | an item of a list |
//! | `> words` | a quotation |
//! | `@@ words`, `@ words` | the first line and the following lines of an address |
//! | `\| name \| words` | a name with its value |
//! | `~ language \| words` | a paragraph in another language |
//! | any other line | a paragraph, up to an empty line |
//!
//! `**words**` are set in bold. A value of the letter is enclosed in two control characters that no text contains, so
//! it is never read as markup, even at the beginning of a line.

use std::borrow::Cow;

use crate::document::{Block, Fact, Run, Section};

const VALUE_BEGINS: char = '\u{2}';
const VALUE_ENDS: char = '\u{3}';
/// A line feed inside a value.
const VALUE_LINE: char = '\u{1e}';

/// Encloses a value in the control characters.
pub(super) fn guard(value: &str) -> String {
    let value = value.trim();
    let mut guarded = String::with_capacity(value.len() + 2);
    guarded.push(VALUE_BEGINS);
    if value.contains(char::is_control) {
        for character in value.replace("\r\n", "\n").chars() {
            match character {
                '\n' | '\r' => guarded.push(VALUE_LINE),
                control if control.is_control() => guarded.push(' '),
                other => guarded.push(other),
            }
        }
    } else {
        guarded.push_str(value);
    }
    guarded.push(VALUE_ENDS);
    guarded
}

/// Reads a filled-in template as blocks.
///
/// # Errors
/// Fails with the line that is not in the table above, without the values in it.
pub(super) fn blocks(rendered: &str) -> Result<Vec<Block>, String> {
    let mut blocks = Vec::new();
    let mut paragraph = Cow::Borrowed("");
    for line in rendered.lines().map(str::trim) {
        let begins_block = match line.as_bytes() {
            [b'#' | b'@', ..] | [b'-' | b'>' | b'|' | b'~', b' ', ..] => true,
            [] | [_, ..] => false,
        };
        if line.is_empty() || begins_block {
            close_paragraph(&mut blocks, &mut paragraph);
        }
        if begins_block {
            push(&mut blocks, line)
                .ok_or_else(|| format!("line `{}` cannot be read", redacted(line)))?;
        } else if paragraph.is_empty() {
            paragraph = Cow::Borrowed(line);
        } else if !line.is_empty() {
            let paragraph = paragraph.to_mut();
            paragraph.push(' ');
            paragraph.push_str(line);
        }
    }
    close_paragraph(&mut blocks, &mut paragraph);
    Ok(blocks)
}

fn close_paragraph(blocks: &mut Vec<Block>, paragraph: &mut Cow<'_, str>) {
    let words = runs(&std::mem::take(paragraph));
    if !words.is_empty() {
        blocks.push(Block::Paragraph { runs: words });
    }
}

fn push(blocks: &mut Vec<Block>, line: &str) -> Option<()> {
    let (sign, rest) = line.split_once(' ')?;
    match sign {
        "#" => blocks.push(heading(1, None, rest)),
        "##" => {
            let (name, words) = rest.split_once('|')?;
            let section = Section::ALL
                .into_iter()
                .find(|section| section.name() == name.trim())?;
            blocks.push(heading(2, Some(section), words));
        }
        "###" => blocks.push(heading(3, None, rest)),
        "-" => match blocks.last_mut() {
            Some(Block::List { items }) => items.push(runs(rest)),
            _ => blocks.push(Block::List {
                items: vec![runs(rest)],
            }),
        },
        ">" => blocks.push(Block::Quote { runs: runs(rest) }),
        "@" => match blocks.last_mut()? {
            Block::Address { lines } => lines.push(runs(rest)),
            Block::Heading { .. }
            | Block::Paragraph { .. }
            | Block::List { .. }
            | Block::Quote { .. }
            | Block::Facts { .. }
            | Block::Foreign { .. } => return None,
        },
        "@@" => blocks.push(Block::Address {
            lines: vec![runs(rest)],
        }),
        "|" => {
            let (name, value) = rest.split_once('|')?;
            let row = Fact {
                name: runs(name),
                value: runs(value),
            };
            // A name without a value is not printed.
            if !row.value.is_empty() {
                match blocks.last_mut() {
                    Some(Block::Facts { rows }) => rows.push(row),
                    _ => blocks.push(Block::Facts { rows: vec![row] }),
                }
            }
        }
        "~" => {
            let (language, words) = rest.split_once('|')?;
            blocks.push(Block::Foreign {
                language: crate::document::plain(&runs(language)),
                runs: runs(words),
            });
        }
        _ => return None,
    }
    Some(())
}

fn heading(level: u8, section: Option<Section>, words: &str) -> Block {
    Block::Heading {
        level,
        section,
        runs: runs(words),
    }
}

/// The words of a line, with values apart from the template's own words. White space of the template counts as one
/// space.
fn runs(line: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut strong = false;
    let mut value = false;
    let mut rest = Some(line);
    while let Some(here) = rest {
        let part;
        (part, rest) = split_at_sign(here);
        if value {
            add(&mut runs, part.replace(VALUE_LINE, "\n"), true, strong);
        } else if part.contains('*') {
            for (index, words) in part.split("**").enumerate() {
                if index > 0 {
                    strong = !strong;
                }
                add(&mut runs, single_spaced(words), false, strong);
            }
        } else {
            add(&mut runs, single_spaced(part), false, strong);
        }
        value = !value;
    }
    trim(&mut runs);
    runs
}

/// Splits a line at the next control character that begins or ends a value; `None`: there is none.
fn split_at_sign(line: &str) -> (&str, Option<&str>) {
    // Comparing bytes suffices: in UTF-8 these two characters are one byte each, and no part of another character.
    let sign = |byte: &u8| {
        let character = char::from(*byte);
        character == VALUE_BEGINS || character == VALUE_ENDS
    };
    match line.as_bytes().iter().position(sign) {
        Some(place) => (&line[..place], Some(&line[place + 1..])),
        None => (line, None),
    }
}

fn add(runs: &mut Vec<Run>, text: String, value: bool, strong: bool) {
    if !text.is_empty() {
        runs.push(Run {
            text,
            value,
            strong,
        });
    }
}

/// Removes white space at the beginning and the end of a line.
fn trim(runs: &mut Vec<Run>) {
    if let Some(first) = runs.first_mut() {
        let space = first.text.len() - first.text.trim_start().len();
        first.text.drain(..space);
    }
    if let Some(last) = runs.last_mut() {
        last.text.truncate(last.text.trim_end().len());
    }
    runs.retain(|run| !run.text.is_empty());
}

fn single_spaced(words: &str) -> String {
    let mut before = 0;
    let is_single = words.bytes().all(|byte| {
        let again = byte == b' ' && before == b' ';
        before = byte;
        byte != b'\t' && !again
    });
    if is_single {
        return words.to_owned();
    }
    let mut single = String::with_capacity(words.len());
    for character in words.chars() {
        let space = character == ' ' || character == '\t';
        if !(space && single.ends_with(' ')) {
            single.push(if space { ' ' } else { character });
        }
    }
    single
}

/// A line without the values in it, which may be personal data.
fn redacted(line: &str) -> String {
    line.split([VALUE_BEGINS, VALUE_ENDS])
        .enumerate()
        .map(|(index, part)| if index % 2 == 1 { "…" } else { part })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str, value: bool) -> Run {
        Run {
            text: text.to_owned(),
            value,
            strong: false,
        }
    }

    #[test]
    fn value_is_never_read_as_markup() {
        for hostile in [
            "# a title",
            "- an item",
            "**x**",
            "| a | b",
            "## appeal | x",
        ] {
            let rendered = format!("{}\n\nDear {},", guard(hostile), guard(hostile));
            let expected = vec![
                Block::Paragraph {
                    runs: vec![run(hostile, true)],
                },
                Block::Paragraph {
                    runs: vec![run("Dear ", false), run(hostile, true), run(",", false)],
                },
            ];
            assert_eq!(blocks(&rendered), Ok(expected));
        }
    }

    #[test]
    fn control_characters_are_removed_from_values() {
        let rendered = guard("a\u{3}# b\u{2}\u{1e}c");
        let expected = vec![Block::Paragraph {
            runs: vec![run("a # b  c", true)],
        }];
        assert_eq!(blocks(&rendered), Ok(expected));
    }

    #[test]
    fn adjacent_lines_of_one_kind_are_one_block() {
        let read = blocks("- a\n\n- b\n@@ n\n\n@ m\n| x | y\n| z |  \n").expect("blocks");
        assert_eq!(read.len(), 3);
    }

    #[test]
    fn error_does_not_contain_values() {
        let wrong = blocks(&format!("## nosuch | {}", guard("Jane Doe"))).expect_err("wrong");
        assert!(!wrong.contains("Jane"), "{wrong}");
        assert!(wrong.contains("nosuch"), "{wrong}");
    }
}
