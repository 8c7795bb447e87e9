//! The TOML file.

use std::fmt;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::problem::Problem;

/// The file as it was read, or an empty one.
#[derive(Clone, Default)]
pub(super) struct ConfigFile {
    path: Option<PathBuf>,
    content: Table,
}

impl fmt::Debug for ConfigFile {
    /// The path alone: the content may hold a password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("ConfigFile")
            .field(&self.path)
            .finish()
    }
}

impl ConfigFile {
    /// Reads a file.
    pub(super) fn read(path: PathBuf, problems: &mut Vec<Problem>) -> Self {
        let source = format!("file `{}`", path.display());
        let content = match std::fs::read_to_string(&path) {
            Ok(text) => parse(&text, &source, problems),
            Err(error) => {
                problems.push(Problem::new(source, format!("cannot be read: {error}")));
                Table::new()
            }
        };
        Self {
            path: Some(path),
            content,
        }
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.content.keys().map(String::as_str)
    }

    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.content.get(key)
    }

    /// Whether a table of the file has a key.
    pub(super) fn has(&self, table: &str, key: &str) -> bool {
        let table = self.get(table).and_then(Value::as_table);
        table.is_some_and(|table| table.contains_key(key))
    }
}

/// The parser's own report quotes the line at fault, which may hold a password: only its message is used.
fn parse(text: &str, source: &str, problems: &mut Vec<Problem>) -> Table {
    match toml::from_str::<Table>(text) {
        Ok(content) => content,
        Err(error) => {
            let before = error
                .span()
                .and_then(|span| text.get(..span.start))
                .unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            problems.push(Problem::new(
                format!("{source}, line {line}"),
                error.message(),
            ));
            Table::new()
        }
    }
}
