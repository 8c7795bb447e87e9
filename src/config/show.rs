//! The effective configuration as text, and the table of settings for the documentation.

use std::fmt::Write as _;

use toml::{Table, Value};

use super::settings::{CONFIG_FILE, Config, SETTINGS};
use super::sources::Origin;
use super::tables::quote;

impl Config {
    /// The configuration as TOML, a value a line with its source beside it, without secrets.
    #[must_use]
    pub fn show(&self) -> String {
        let mut text = String::new();
        let origins = &self.origins;
        if let Some(path) = origins.file.path() {
            text.push_str(&comment(&format!("file: {}", path.display())));
        }
        for effective in &origins.settings {
            let setting = effective.setting;
            let origin = match effective.origin {
                Origin::Flag => format!("flag {}", setting.flag()),
                Origin::Environment => format!("environment {}", setting.variable()),
                Origin::File => "file".to_owned(),
                Origin::Default => "default".to_owned(),
            };
            match &effective.text {
                Some(value) => line(&mut text, setting.key, &value.clone().into(), &origin),
                None => text.push_str(&comment(&format!("{} is not set", setting.key))),
            }
        }
        for (name, table) in self.tables() {
            for (key, value) in table {
                let origin = match origins.file.has(name, &key) {
                    true => "file",
                    false => "default",
                };
                flatten(
                    &format!("{name}.{}", quote(&key)),
                    &value,
                    &mut |key, value| {
                        line(&mut text, key, value, origin);
                    },
                );
            }
        }
        text
    }
}

fn flatten(key: &str, value: &Value, emit: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Table(inner) => flatten_table(key, inner, emit),
        value => emit(key, value),
    }
}

fn flatten_table(above: &str, table: &Table, emit: &mut impl FnMut(&str, &Value)) {
    for (key, value) in table {
        flatten(&format!("{above}.{}", quote(key)), value, emit);
    }
}

fn line(text: &mut String, key: &str, value: &Value, origin: &str) {
    // INVARIANT: writing to a string cannot fail.
    let _ = writeln!(text, "{key} = {value} # {origin}");
}

fn comment(text: &str) -> String {
    format!("# {}\n", text.escape_debug())
}

/// The table of settings in `docs/configuration.md`.
#[must_use]
pub fn documentation() -> String {
    let mut text = String::from("| flag | default | meaning |\n| --- | --- | --- |\n");
    for setting in std::iter::once(&CONFIG_FILE).chain(SETTINGS) {
        let (flag, value) = (setting.flag(), setting.value.replace('|', "\\|"));
        let default = match setting.default {
            Some(default) => format!("`{default}`"),
            None => String::new(),
        };
        // INVARIANT: writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| `{flag} {value}` | {default} | {} |",
            setting.help()
        );
    }
    text
}
