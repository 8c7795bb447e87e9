//! The one declaration of each setting, and its documentation.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::config::SETTINGS;
use crate::config::settings::{CONFIG_FILE, TABLES};

/// The table of settings is the one place that names a setting: elsewhere its field is used.
#[test]
fn setting_is_declared_once() {
    let mut keys: Vec<&str> = SETTINGS.iter().map(|setting| setting.key).collect();
    keys.extend(TABLES);
    let declared = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), declared, "{keys:?}");

    let mut folders = vec![concat!(env!("CARGO_MANIFEST_DIR"), "/src").into()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir::<PathBuf>(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                let is_code = !path.ends_with("tests");
                folders.extend(is_code.then_some(path));
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for setting in SETTINGS {
                for name in [setting.flag(), setting.variable()] {
                    let literal = format!("\"{name}\"");
                    assert!(!code.contains(&literal), "{}: {name}", path.display());
                }
            }
        }
    }
}

/// The table of settings in `docs/configuration.md`.
fn documentation() -> String {
    let mut text = String::from("| flag | default | meaning |\n| --- | --- | --- |\n");
    for setting in std::iter::once(&CONFIG_FILE).chain(SETTINGS) {
        let (flag, value) = (setting.flag(), setting.value_name.replace('|', "\\|"));
        let default = match setting.default {
            Some(default) => format!("`{default}`"),
            None => String::new(),
        };
        writeln!(
            text,
            "| `{flag} {value}` | {default} | {} |",
            setting.help()
        )
        .expect("a string takes any text");
    }
    text
}

/// `UPDATE_GOLDEN=1` writes the table.
#[test]
fn documentation_has_the_table_of_settings() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md");
    let page = std::fs::read_to_string(path).expect("the page");
    let (before, rest) = page.split_once("<!-- settings -->\n").expect("a marker");
    let (table, after) = rest.split_once("<!-- /settings -->").expect("a marker");
    let expected = documentation();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let page = format!("{before}<!-- settings -->\n{expected}<!-- /settings -->{after}");
        std::fs::write(path, page).expect("the page");
    } else {
        assert_eq!(table, expected, "UPDATE_GOLDEN=1 writes the table");
    }
}
