//! Is a configuration either taken, shown and taken again, or refused with the place of everything that is wrong?

use std::cell::RefCell;
use std::io::{Seek as _, Write as _};

use arbitrary::Unstructured;
use second_opinion::config::{
    Config, ConfigArgs, ConfigErrors, Environment, Problem, load, load_offline,
};
use tempfile::NamedTempFile;
use toml::Table;

use super::support::{below, once_in, text};

/// A password that nothing may show.
const SECRET: &str = "canary-of-a-password";

/// What is shown in its place: with that no store can be reached, and not every address can be read again.
const HIDDEN: &str = "***";

/// The settings that a variable can hold.
const VARIABLES: [&str; 19] = [
    "LISTEN",
    "OPS_LISTEN",
    "DATA",
    "STORE",
    "AUTH_JWKS",
    "AUTH_ISSUER",
    "AUTH_AUDIENCE",
    "TLS_CERT",
    "TLS_KEY",
    "TLS_CLIENT_CA",
    "LOG",
    "LOG_FORMAT",
    "AUDIT",
    "OTLP_ENDPOINT",
    "TRACE_RATIO",
    "MAX_CALLS",
    "MAX_DEADLINE",
    "DRAIN_GRACE",
    "UNKNOWN",
];

thread_local! {
    /// The file that is read; written anew for each input.
    static FILE: RefCell<NamedTempFile> =
        RefCell::new(NamedTempFile::new().expect("a temporary file"));
}

/// The first byte says whether the others are a file, or values of variables and then a file.
pub fn configuration(data: &[u8]) {
    let Some((way, rest)) = data.split_first() else {
        return;
    };
    if way % 2 == 0 {
        judge(&[], rest);
    } else {
        let mut bytes = Unstructured::new(rest);
        let mut variables: Vec<(String, String)> = Vec::new();
        for _ in 0..=below(&mut bytes, 4) {
            let name = VARIABLES[below(&mut bytes, VARIABLES.len())];
            let value = match (name, once_in(&mut bytes, 2)) {
                ("STORE", true) => format!("postgres://app:{SECRET}@{}", text(&mut bytes)),
                _ => text(&mut bytes),
            };
            variables.push((format!("SECOND_OPINION_{name}"), value));
        }
        judge(&variables, bytes.take_rest());
    }
}

fn judge(variables: &[(String, String)], file: &[u8]) {
    let environment = Environment::of(variables.iter().cloned());
    let listening = read(file, |args| load(args, &environment));
    match read(file, |args| load_offline(args, &environment)) {
        Ok(config) => {
            if let Err(errors) = listening {
                let origins: Vec<&str> = errors.problems().iter().map(Problem::origin).collect();
                assert_eq!(origins.len(), 1, "{origins:?}");
                assert!(origins[0].contains("listen"), "{origins:?}");
            }
            shown_and_taken_again(&config);
        }
        Err(errors) => {
            assert!(listening.is_err(), "taken for a server alone");
            told(&errors);
        }
    }
}

fn read<T>(content: &[u8], load: impl Fn(&ConfigArgs) -> T) -> T {
    FILE.with_borrow_mut(|file| {
        file.as_file().set_len(0).expect("a file to write to");
        file.rewind().expect("a file to write to");
        file.write_all(content).expect("a file to write to");
        load(&ConfigArgs {
            config: Some(file.path().display().to_string()),
            ..ConfigArgs::default()
        })
    })
}

/// What is shown is TOML and holds no secret; where nothing is hidden in it, it configures the same.
fn shown_and_taken_again(config: &Config) {
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

/// Each problem has a place and words, and none shows a secret.
fn told(errors: &ConfigErrors) {
    assert!(!errors.problems().is_empty());
    assert!(!errors.to_string().contains(SECRET), "a password is told");
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
