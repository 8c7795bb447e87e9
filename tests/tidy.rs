//! Checks of the repository that the compiler and clippy do not make.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Maximum length of a source file.
const FILE_LINES_MAX: usize = 420;
/// Maximum length of a line of code, without the contents of its strings.
const LINE_CHARS_MAX: usize = 140;

/// Names that a pure module may not use: clocks, randomness, files, the network, the environment, and the server's crates.
const IMPURE: [&str; 16] = [
    "tokio",
    "tonic",
    "rusqlite",
    "reqwest",
    "tracing",
    "rand",
    "std::time",
    "std::env",
    "std::fs",
    "std::net",
    "std::io",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant",
    "Utc::now",
];

/// Files and code with a number of the policy that means something else there.
const UNRELATED_NUMBERS: [(&str, &str); 5] = [
    ("crates/rules/src/rules/calendar.rs", "5 if weekday == Mon"), // the month of May
    ("crates/rules/src/case/identifiers.rs", "text.len() == 5"),   // the shapes of codes
    ("crates/rules/src/case/identifiers.rs", "text[3..5]"),
    ("crates/rules/src/case/identifiers.rs", "text[5..9]"),
    ("crates/rules/src/case/identifiers.rs", "5..=8"),
];

/// Words that are banned from the repository, each split in two so that this file does not contain them.
const BANNED: [(&str, &str); 10] = [
    ("/wo", "rk/"),
    ("/ro", "ot/"),
    ("/tmp/", "wt"),
    ("clau", "de"),
    ("anthro", "pic"),
    ("open", "ai"),
    ("chat", "gpt"),
    ("copi", "lot"),
    ("language ", "model"),
    ("FIX", "ME"),
];

/// A text file with its path from the repository's root.
struct File {
    path: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every text file under a folder, ordered by path.
fn files(folder: &str) -> Vec<File> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let generated = name.starts_with(".git")
                || ["target", "node_modules", ".tools", "second-opinion-data"].contains(&&*name);
            if path.is_dir() && !generated {
                folders.push(path);
            } else if path.is_file() && name != ".git" {
                found.extend(file(&path));
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(!found.is_empty(), "no file under {folder}");
    found
}

fn file(path: &PathBuf) -> Option<File> {
    let text = String::from_utf8(std::fs::read(path).expect("a readable file")).ok()?;
    let path = path.strip_prefix(root()).expect("a path under the root");
    let path = path.to_string_lossy().replace('\\', "/");
    Some(File { path, text })
}

fn is_rust(file: &File) -> bool {
    Path::new(&file.path)
        .extension()
        .is_some_and(|extension| extension == "rs")
}

fn sources() -> impl Iterator<Item = File> {
    ["src", "crates", "tests", "benches", "fuzz"]
        .into_iter()
        .flat_map(files)
        .filter(is_rust)
}

/// The modules without clocks, connections or other side effects.
fn pure_modules() -> impl Iterator<Item = File> {
    ["crates/rules/src/rules", "crates/rules/src/case"]
        .into_iter()
        .flat_map(files)
        .filter(is_rust)
}

impl File {
    /// The lines of code with their numbers, without unit tests, comments and the contents of strings.
    fn code(&self) -> impl Iterator<Item = (usize, String)> {
        let tests = self.text.find("\n#[cfg(test)]\nmod tests {");
        let lines = self.text[..tests.unwrap_or(self.text.len())].lines();
        let mut in_string = false;
        lines
            .enumerate()
            .map(move |(index, line)| (index + 1, strip(line, &mut in_string)))
    }
}

/// Strips the comment and the contents of strings from a line. A string may continue on the next line.
fn strip(line: &str, in_string: &mut bool) -> String {
    let mut code = String::new();
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if *in_string => {
                characters.next();
            }
            '"' => {
                *in_string = !*in_string;
                code.push('"');
            }
            _ if *in_string => {}
            '/' if characters.peek() == Some(&'/') => break,
            // A character literal, such as '"', does not start a string.
            '\'' => {
                let rest: String = characters.clone().take(3).collect();
                let quoted = if rest.starts_with('\\') { 3 } else { 2 };
                if rest.chars().nth(quoted - 1) == Some('\'') {
                    characters.nth(quoted - 1);
                }
            }
            _ => code.push(character),
        }
    }
    code
}

/// The identifiers and numbers in a line of code.
fn tokens(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|token| !token.is_empty())
}

/// Panics with all problems.
fn assert_none(problems: &[String]) {
    let mut all = String::new();
    for problem in problems {
        writeln!(all, "{problem}").expect("writing to a string");
    }
    assert!(problems.is_empty(), "\n{all}");
}

/// Checks every line of code, and returns the problems with their places.
fn check_lines(
    files: impl Iterator<Item = File>,
    check: impl Fn(&File, &str) -> Option<String>,
) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files {
        for (number, code) in file.code() {
            let problem = check(&file, &code);
            problems.extend(problem.map(|problem| format!("{}:{number}: {problem}", file.path)));
        }
    }
    problems
}

#[test]
fn rules_and_cases_are_pure() {
    assert_none(&check_lines(pure_modules(), |_, code| {
        let is_used = |word: &&&str| {
            if word.contains(':') {
                code.contains(**word)
            } else {
                tokens(code).any(|t| t == **word)
            }
        };
        IMPURE
            .iter()
            .find(is_used)
            .map(|word| format!("`{word}` in a pure module"))
    }));
}

#[test]
fn policy_numbers_are_only_in_edition() {
    let other_files =
        pure_modules().filter(|file| file.path != "crates/rules/src/rules/edition.rs");
    assert_none(&check_lines(other_files, |file, code| {
        let unrelated = UNRELATED_NUMBERS
            .iter()
            .any(|(path, snippet)| file.path == *path && code.contains(snippet));
        let mut numbers = tokens(code).filter(|token| matches!(*token, "5" | "72"));
        let number = numbers.next().filter(|_| !unrelated)?;
        Some(format!(
            "the number {number} belongs in crates/rules/src/rules/edition.rs"
        ))
    }));
}

#[test]
fn files_are_short() {
    let long: Vec<_> = sources()
        .map(|file| (file.text.lines().count(), file.path))
        .filter(|(lines, _)| *lines > FILE_LINES_MAX)
        .map(|(lines, path)| format!("{path} has {lines} lines, more than {FILE_LINES_MAX}"))
        .collect();
    assert_none(&long);
}

#[test]
fn lines_are_short() {
    let sources = files("src").into_iter().filter(is_rust);
    assert_none(&check_lines(sources, |_, code| {
        let length = code.chars().count();
        (length > LINE_CHARS_MAX).then(|| format!("{length} characters without strings"))
    }));
}

#[test]
fn every_source_file_has_a_module_doc() {
    let missing: Vec<_> = sources()
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| format!("{} does not begin with `//! `", file.path))
        .collect();
    assert_none(&missing);
}

#[test]
fn no_placeholder_macros() {
    assert_none(&check_lines(sources(), |_, code| {
        let macros = ["todo!", "unimplemented!", "dbg!"];
        let found = macros.iter().find(|name| code.contains(**name))?;
        Some(format!("`{found}`"))
    }));
}

#[test]
fn every_source_file_is_part_of_the_crate() {
    let all: Vec<File> = files("src").into_iter().filter(is_rust).collect();
    let mut orphans = Vec::new();
    for file in &all {
        let path = Path::new(&file.path);
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let folder = path.parent().unwrap_or(path);
        let (name, parent) = match &*stem {
            "lib" | "main" => continue,
            "mod" => (
                folder.file_name().unwrap_or_default().to_string_lossy(),
                folder.parent(),
            ),
            _ => (stem, Some(folder)),
        };
        let parent = parent.unwrap_or(folder);
        let parents = [
            parent.join("mod.rs"),
            parent.join("lib.rs"),
            parent.with_extension("rs"),
        ];
        let declares = |file: &File| {
            parents.iter().any(|path| *path == Path::new(&file.path))
                && file
                    .code()
                    .any(|(_, code)| code.trim_end().ends_with(&format!("mod {name};")))
        };
        if !all.iter().any(declares) {
            orphans.push(format!("no module declares {}", file.path));
        }
    }
    assert_none(&orphans);
}

#[test]
fn no_file_contains_a_banned_word() {
    let banned: Vec<String> = BANNED
        .iter()
        .map(|(one, other)| format!("{one}{other}").to_lowercase())
        .collect();
    let mut found = Vec::new();
    for file in files("") {
        for (index, line) in file.text.lines().enumerate() {
            let line = line.to_lowercase();
            let words = banned.iter().filter(|word| line.contains(word.as_str()));
            found.extend(words.map(|word| format!("{}:{}: `{word}`", file.path, index + 1)));
        }
    }
    assert_none(&found);
}

#[test]
fn the_contract_is_two_files() {
    let paths: Vec<_> = files("proto").into_iter().map(|file| file.path).collect();
    assert_eq!(
        paths,
        [
            "proto/um/secondopinion/v1/policy.proto",
            "proto/um/secondopinion/v1/second_opinion.proto"
        ]
    );
}

#[test]
fn the_manifest_states_the_minimum_compiler_version() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("a manifest");
    let lines = manifest
        .lines()
        .filter(|line| line.starts_with("rust-version = \""));
    assert_eq!(lines.count(), 1);
}

#[test]
fn comments_and_strings_are_stripped() {
    let mut in_string = false;
    let mut stripped = |line| strip(line, &mut in_string);
    assert_eq!(
        stripped("let x = \"72 \\\" hours\"; // 72"),
        "let x = \"\"; "
    );
    assert_eq!(
        stripped("let quote = '\"'; let y: &'a str = \"5"),
        "let quote = ; let y: &a str = \""
    );
    assert_eq!(stripped("still 72 words\"; 5"), "\"; 5");
}
