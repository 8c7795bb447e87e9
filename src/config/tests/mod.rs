//! Tests of the configuration.

mod callers;
mod declaration;
mod precedence;
mod problems;

use std::io::Write as _;

use super::{Config, ConfigArgs, Environment, load};

#[derive(clap::Parser)]
struct Command {
    #[command(flatten)]
    args: ConfigArgs,
}

/// The configuration of flags, variables, and a file's text.
fn try_load(flags: &[&str], variables: &[(&str, &str)], file: &str) -> Result<Config, Vec<String>> {
    let mut written = tempfile::NamedTempFile::new().expect("a file");
    written.write_all(file.as_bytes()).expect("a file");
    let path = written.path().display().to_string();
    let first = ["second-opinion", "--config", &path];
    let flags = first.into_iter().chain(flags.iter().copied());
    let command = <Command as clap::Parser>::try_parse_from(flags).expect("flags");
    let environment = Environment::of(variables.iter().copied());
    load(&command.args, &environment)
        .map_err(|errors| errors.problems().iter().map(ToString::to_string).collect())
}

fn problems(flags: &[&str], variables: &[(&str, &str)], file: &str) -> Vec<String> {
    try_load(flags, variables, file).expect_err("problems")
}

const AUTH: [(&str, &str); 3] = [
    ("SECOND_OPINION_AUTH_JWKS", "jwks.json"),
    ("SECOND_OPINION_AUTH_ISSUER", "https://id.example.org"),
    ("SECOND_OPINION_AUTH_AUDIENCE", "second-opinion"),
];

/// The `[plan]` that a server on an open address needs.
const OWN_PLAN: &str = r#"
    [plan]
    name = "Another Plan"
    member_services = { name = "Member Services", phone = "(415) 555-0100" }
    grievance_coordinator = { name = "Grievances", phone = "(415) 555-0101" }
    appeals = { name = "Appeals", phone = "(415) 555-0102", address_lines = ["1 Main Street"] }
"#;
