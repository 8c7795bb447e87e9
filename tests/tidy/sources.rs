//! The files of the repository, and the code and comments in them.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// A text file with its path from the repository's root.
pub struct File {
    pub path: String,
    pub text: String,
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every text file under a folder, ordered by path.
pub fn files(folder: &str) -> Vec<File> {
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

pub fn is_rust(file: &File) -> bool {
    Path::new(&file.path)
        .extension()
        .is_some_and(|extension| extension == "rs")
}

pub fn rust_files() -> impl Iterator<Item = File> {
    ["src", "crates", "tests", "benches", "fuzz"]
        .into_iter()
        .flat_map(files)
        .filter(is_rust)
}

impl File {
    /// The prose of a file line by line, with line numbers: the comments of code and of configuration, all of a document.
    pub fn prose(&self) -> Vec<(usize, &str)> {
        let marker = match self.extension() {
            "md" | "txt" => None,
            "rs" => return self.rust_comments(),
            "proto" | "typ" => Some("//"),
            "sql" => Some("--"),
            "json" | "css" | "lock" => return Vec::new(),
            _ => Some("#"),
        };
        let lines = self.text.lines().enumerate();
        let prose = lines.filter_map(|(index, line)| {
            let start = marker.map_or(Some(0), |marker| line.find(marker))?;
            Some((index + 1, &line[start..]))
        });
        prose.collect()
    }

    fn rust_comments(&self) -> Vec<(usize, &str)> {
        let mut in_string = false;
        let lines = self.text.lines().enumerate();
        lines
            .map(|(index, line)| (index + 1, split(line, &mut in_string).1))
            .filter(|(_, comment)| !comment.is_empty())
            .collect()
    }

    /// The ending of the file's name; empty: it has none.
    pub fn extension(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// The lines of code with their numbers, without unit tests, comments and the contents of strings.
    pub fn code(&self) -> impl Iterator<Item = (usize, String)> {
        let tests = self.text.find("\n#[cfg(test)]\nmod tests {");
        let lines = self.text[..tests.unwrap_or(self.text.len())].lines();
        let mut in_string = false;
        lines
            .enumerate()
            .map(move |(index, line)| (index + 1, split(line, &mut in_string).0))
    }
}

/// The code of a line without the contents of strings, and its comment. A string may continue on the next line.
fn split<'a>(line: &'a str, in_string: &mut bool) -> (String, &'a str) {
    let mut code = String::new();
    let mut characters = line.char_indices().peekable();
    while let Some((place, character)) = characters.next() {
        match character {
            '\\' if *in_string => {
                characters.next();
            }
            '"' => {
                *in_string = !*in_string;
                code.push('"');
            }
            _ if *in_string => {}
            '/' if characters.peek().is_some_and(|(_, next)| *next == '/') => {
                return (code, &line[place..]);
            }
            // A character literal, such as '"', does not start a string.
            '\'' => {
                let rest: String = line[place + 1..].chars().take(3).collect();
                let quoted = if rest.starts_with('\\') { 3 } else { 2 };
                if rest.chars().nth(quoted - 1) == Some('\'') {
                    characters.nth(quoted - 1);
                }
            }
            _ => code.push(character),
        }
    }
    (code, "")
}

/// The identifiers and numbers in a line of code.
pub fn tokens(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|token| !token.is_empty())
}

/// Panics with all problems.
pub fn assert_none(problems: &[String]) {
    let mut all = String::new();
    for problem in problems {
        writeln!(all, "{problem}").expect("writing to a string");
    }
    assert!(problems.is_empty(), "\n{all}");
}

/// Checks every line of code, and returns the problems with their places.
pub fn check_lines(
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
fn comments_and_strings_are_stripped() {
    let mut in_string = false;
    let mut stripped = |line| split(line, &mut in_string).0;
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
