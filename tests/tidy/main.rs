//! Checks of the repository that the compiler and clippy do not make.

mod layers;
mod prose;
mod sources;

use std::path::Path;

use sources::{File, assert_none, check_lines, files, is_rust, root, rust_files, tokens};

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

/// The modules without clocks, connections or other side effects.
fn pure_modules() -> impl Iterator<Item = File> {
    ["crates/rules/src/rules", "crates/rules/src/case"]
        .into_iter()
        .flat_map(files)
        .filter(is_rust)
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
    let long: Vec<_> = rust_files()
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
    let missing: Vec<_> = rust_files()
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| format!("{} does not begin with `//! `", file.path))
        .collect();
    assert_none(&missing);
}

#[test]
fn no_placeholder_macros() {
    assert_none(&check_lines(rust_files(), |_, code| {
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
