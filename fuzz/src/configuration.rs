//! Configurations: each one is either loaded, shown and loaded again, or refused with the place of every problem.

use std::cell::RefCell;
use std::io::{Seek as _, Write as _};

use arbitrary::Unstructured;
use second_opinion::config::{
    Config, ConfigArgs, ConfigErrors, Environment, Problem, SETTINGS, Setting, load, load_offline,
};
use tempfile::NamedTempFile;
use toml::Table;

use super::support::{below, once_in, text};

/// A password that no output may show.
const SECRET: &str = "canary-of-a-password";

/// The replacement of a password: with it not every value can be read again.
const HIDDEN: &str = "***";

thread_local! {
    /// The file, written again for each input.
    static FILE: RefCell<NamedTempFile> =
        RefCell::new(NamedTempFile::new().expect("a temporary file"));
}

/// The first byte selects whether the others are a file, or values of variables and then a file.
pub fn configuration(data: &[u8]) {
    let Some((way, rest)) = data.split_first() else {
        return;
    };
    if way % 2 == 0 {
        check(&[], rest);
    } else {
        let mut bytes = Unstructured::new(rest);
        let mut variables: Vec<(String, String)> = Vec::new();
        for _ in 0..=below(&mut bytes, 4) {
            let setting = SETTINGS.get(below(&mut bytes, SETTINGS.len() + 1));
            let name =
                setting.map_or_else(|| "SECOND_OPINION_UNKNOWN".to_owned(), Setting::variable);
            let value = match (name.as_str(), once_in(&mut bytes, 2)) {
                ("SECOND_OPINION_STORE", true) => {
                    format!("postgres://app:{SECRET}@{}", text(&mut bytes))
                }
                _ => text(&mut bytes),
            };
            variables.push((name, value));
        }
        check(&variables, bytes.take_rest());
    }
}

fn check(variables: &[(String, String)], file: &[u8]) {
    let environment = Environment::of(variables.iter().cloned());
    let listening = read(file, |args| load(args, &environment));
    match read(file, |args| load_offline(args, &environment)) {
        Ok(config) => {
            if let Err(errors) = listening {
                let origins: Vec<&str> = errors.problems().iter().map(Problem::origin).collect();
                // The development identity and the default plan stay on loopback.
                assert!((1..=2).contains(&origins.len()), "{origins:?}");
                let of_listen = |origin: &&str| origin.to_lowercase().contains("listen");
                assert!(origins.iter().all(of_listen), "{origins:?}");
            }
            check_shown(&config);
        }
        Err(errors) => {
            assert!(listening.is_err(), "loaded for a server alone");
            check_problems(&errors);
        }
    }
}

fn read<T>(content: &[u8], load: impl Fn(&ConfigArgs) -> T) -> T {
    FILE.with_borrow_mut(|file| {
        file.as_file().set_len(0).expect("a file to write to");
        file.rewind().expect("a file to write to");
        file.write_all(content).expect("a file to write to");
        load(&ConfigArgs::of([(
            "config",
            file.path().display().to_string(),
        )]))
    })
}

/// The shown text is TOML and holds no secret; where no password is replaced in it, it configures the same.
fn check_shown(config: &Config) {
    let shown = config.show();
    assert!(!shown.contains(SECRET), "a password is shown");
    assert!(
        !format!("{config:?}").contains(SECRET),
        "a password is shown"
    );
    let values: Table = toml::from_str(&shown).unwrap_or_else(|error| panic!("{error}\n{shown}"));
    if shown.contains(HIDDEN) {
        return;
    }
    let again = read(shown.as_bytes(), |args| {
        load_offline(args, &Environment::default())
    });
    let again = again.unwrap_or_else(|errors| panic!("{errors}\n{shown}"));
    let values_again: Table = toml::from_str(&again.show()).expect("TOML");
    assert_eq!(values_again, values);
}

/// Each problem has a place and a message, and none shows a secret.
fn check_problems(errors: &ConfigErrors) {
    assert!(!errors.problems().is_empty());
    assert!(!errors.to_string().contains(SECRET), "a password is shown");
    for problem in errors.problems() {
        let origin = problem.origin();
        let known = [
            "flag `",
            "variable `",
            "file key `",
            "file `",
            "default of `",
        ];
        assert!(known.iter().any(|it| origin.starts_with(it)), "{origin}");
        assert!(!problem.message().is_empty());
    }
}
