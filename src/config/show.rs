//! The effective configuration as text.

use std::fmt::Write as _;

use toml::Value;

use super::settings::Config;
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
                let origin = if origins.file.has(name, &key) {
                    "file"
                } else {
                    "default"
                };
                let key = format!("{name}.{}", quote(&key));
                flatten(&key, &value, &mut |key, value| {
                    line(&mut text, key, value, origin);
                });
            }
        }
        text
    }
}

/// Emits each value of a table that is not a table itself, with its dotted key.
fn flatten(key: &str, value: &Value, emit: &mut impl FnMut(&str, &Value)) {
    let Value::Table(table) = value else {
        return emit(key, value);
    };
    for (name, value) in table {
        flatten(&format!("{key}.{}", quote(name)), value, emit);
    }
}

fn line(text: &mut String, key: &str, value: &Value, origin: &str) {
    // INVARIANT: writing to a string cannot fail.
    let _ = writeln!(text, "{key} = {value} # {origin}");
}

fn comment(text: &str) -> String {
    format!("# {}\n", text.escape_debug())
}
