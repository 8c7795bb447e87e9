//! Is the repository kept in order? Rules that the compiler and clippy do not know.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// As long as a source file may be.
const FILE_LINES_MAX: usize = 420;
/// As long as a line of code may be, in characters. The words inside its strings are not counted.
const LINE_CHARS_MAX: usize = 140;

/// What a pure module may not name: clocks, chance, files, the network, the environment, and the server's crates.
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

/// Where a number that is also one of the policy's means something else.
const OTHER_NUMBERS: [(&str, &str); 5] = [
    ("crates/rules/src/rules/calendar.rs", "5 if weekday == Mon"), // the month of May
    ("crates/rules/src/case/identifiers.rs", "text.len() == 5"),   // the shapes of codes
    ("crates/rules/src/case/identifiers.rs", "text[3..5]"),
    ("crates/rules/src/case/identifiers.rs", "text[5..9]"),
    ("crates/rules/src/case/identifiers.rs", "5..=8"),
];

/// Words that have no place in a repository, each in two parts so that this file holds none of them.
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

/// A text file of the repository by its path from the root.
struct File {
    path: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every text file under a folder, in the order of their paths.
fn files(folder: &str) -> Vec<File> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder that can be read") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let made_elsewhere = name.starts_with(".git")
                || ["target", "node_modules", ".tools", "second-opinion-data"].contains(&&*name);
            if path.is_dir() && !made_elsewhere {
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
    let text = String::from_utf8(std::fs::read(path).expect("a file that can be read")).ok()?;
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

/// The modules that hold neither a clock nor a connection.
fn pure() -> impl Iterator<Item = File> {
    ["crates/rules/src/rules", "crates/rules/src/case"]
        .into_iter()
        .flat_map(files)
        .filter(is_rust)
}

impl File {
    /// The lines of code with their numbers: tests at the file's end and comments cut off, strings emptied.
    fn code(&self) -> impl Iterator<Item = (usize, String)> {
        let tests = self.text.find("\n#[cfg(test)]\nmod tests {");
        let lines = self.text[..tests.unwrap_or(self.text.len())].lines();
        let mut in_string = false;
        lines
            .enumerate()
            .map(move |(index, line)| (index + 1, without_words(line, &mut in_string)))
    }
}

/// A line without its comment and without what stands inside its strings. A string may go on on the next line.
fn without_words(line: &str, in_string: &mut bool) -> String {
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
            // A character in quotes, such as '"', is no string.
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

/// The words and numbers of a line of code.
fn tokens(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|token| !token.is_empty())
}

/// Fails with every complaint at once.
fn assert_none(complaints: &[String]) {
    let mut all = String::new();
    for complaint in complaints {
        writeln!(all, "{complaint}").expect("a string takes any text");
    }
    assert!(complaints.is_empty(), "\n{all}");
}

/// Every line of code to which `complain` has something to say.
fn complaints(
    files: impl Iterator<Item = File>,
    complain: impl Fn(&File, &str) -> Option<String>,
) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        for (number, code) in file.code() {
            let said = complain(&file, &code);
            found.extend(said.map(|said| format!("{}:{number}: {said}", file.path)));
        }
    }
    found
}

#[test]
fn rules_and_cases_are_pure() {
    assert_none(&complaints(pure(), |_, code| {
        let named = |word: &&&str| {
            if word.contains(':') {
                code.contains(**word)
            } else {
                tokens(code).any(|t| t == **word)
            }
        };
        IMPURE
            .iter()
            .find(named)
            .map(|word| format!("`{word}` in a pure module"))
    }));
}

#[test]
fn numbers_of_the_policy_stand_in_edition_alone() {
    let elsewhere = pure().filter(|file| file.path != "crates/rules/src/rules/edition.rs");
    assert_none(&complaints(elsewhere, |file, code| {
        let means_something_else = OTHER_NUMBERS
            .iter()
            .any(|(path, snippet)| file.path == *path && code.contains(snippet));
        let mut numbers = tokens(code).filter(|token| matches!(*token, "5" | "72"));
        let number = numbers.next().filter(|_| !means_something_else)?;
        Some(format!(
            "the number {number} belongs into src/rules/edition.rs"
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
    assert_none(&complaints(sources, |_, code| {
        let length = code.chars().count();
        (length > LINE_CHARS_MAX).then(|| format!("{length} characters besides its strings"))
    }));
}

#[test]
fn every_file_begins_by_saying_which_question_it_answers() {
    let silent: Vec<_> = sources()
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| format!("{} does not begin with `//! `", file.path))
        .collect();
    assert_none(&silent);
}

#[test]
fn nothing_is_left_to_do() {
    assert_none(&complaints(sources(), |_, code| {
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
fn no_file_says_what_does_not_belong_here() {
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
fn the_manifest_names_the_oldest_compiler() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("a manifest");
    let stated = manifest
        .lines()
        .filter(|line| line.starts_with("rust-version = \""));
    assert_eq!(stated.count(), 1);
}

#[test]
fn words_are_cut_out_of_a_line() {
    let mut in_string = false;
    let mut cut = |line| without_words(line, &mut in_string);
    assert_eq!(cut("let x = \"72 \\\" hours\"; // 72"), "let x = \"\"; ");
    assert_eq!(
        cut("let quote = '\"'; let y: &'a str = \"5"),
        "let quote = ; let y: &a str = \""
    );
    assert_eq!(cut("still 72 words\"; 5"), "\"; 5");
}
