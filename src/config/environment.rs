//! The environment variables with the prefix `SECOND_OPINION_`.

use std::collections::BTreeMap;
use std::fmt;

use super::problem::{Problem, did_you_mean};

/// The prefix of every variable.
pub(super) const PREFIX: &str = "SECOND_OPINION_";

/// The variables of the process, or those of a test. A value that is not UTF-8 is `None`.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, Option<String>>);

/// The variable with a caller's token. `call` reads it, not the configuration.
const TOKEN: &str = "SECOND_OPINION_TOKEN";

impl Environment {
    /// The process's own environment, as it is now.
    #[must_use]
    pub fn of_process() -> Self {
        let variables = std::env::vars_os().map(|(name, value)| {
            let name = name.to_string_lossy().into_owned();
            (name, value.into_string().ok())
        });
        Self(
            variables
                .filter(|(name, _)| name.starts_with(PREFIX))
                .collect(),
        )
    }

    /// An environment of these variables and no others.
    pub fn of<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let variables = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), Some(value.into())));
        Self(
            variables
                .filter(|(name, _)| name.starts_with(PREFIX))
                .collect(),
        )
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_deref()
    }

    /// The variables that are not UTF-8, and those that are neither a setting's nor the token's.
    pub(super) fn problems(&self, settings: &[String]) -> Vec<Problem> {
        let known = || settings.iter().map(String::as_str).chain([TOKEN]);
        let mut problems = Vec::new();
        for (name, value) in &self.0 {
            let source = format!("variable `{}`", name.escape_debug());
            if known().any(|it| it == name) {
                if value.is_none() {
                    problems.push(Problem::new(source, "expected UTF-8"));
                }
            } else if !is_service_link(name, value.as_deref().unwrap_or_default()) {
                let hint = did_you_mean(name, known());
                problems.push(Problem::new(source, format!("no such setting{hint}")));
            }
        }
        problems
    }
}

impl fmt::Debug for Environment {
    /// The names alone: a value may be a secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

/// Whether Kubernetes set the variable for a Service of the namespace with a name that begins with `second-opinion`: a pod
/// beside such a Service must start all the same.
fn is_service_link(name: &str, value: &str) -> bool {
    let Some(rest) = name.strip_prefix("SECOND_OPINION") else {
        return false;
    };
    let is_address = ["tcp://", "udp://", "sctp://"]
        .iter()
        .any(|scheme| value.starts_with(scheme));
    rest.ends_with("_SERVICE_HOST")
        || rest.ends_with("_SERVICE_PORT")
        || rest.contains("_SERVICE_PORT_")
        || (rest.ends_with("_PORT") && is_address)
        || rest.split("_PORT_").nth(1).is_some_and(|port| {
            let mut parts = port.split('_');
            let is_number = parts
                .next()
                .is_some_and(|number| number.parse::<u16>().is_ok());
            is_number
                && parts
                    .next()
                    .is_some_and(|kind| ["TCP", "UDP", "SCTP"].contains(&kind))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_variable_is_refused_with_a_suggestion() {
        let environment = Environment::of([
            ("SECOND_OPINION_LISTN", "127.0.0.1:1"),
            ("SECOND_OPINION_WHATEVER_ELSE", "x"),
            ("SECOND_OPINION_TOKEN", "x"),
            ("SECOND_OPINION_PORT", "50051"),
            ("PATH", "/bin"),
        ]);
        let problems = environment.problems(&["SECOND_OPINION_LISTEN".to_owned()]);
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            problems,
            [
                "variable `SECOND_OPINION_LISTN`: no such setting, did you mean `SECOND_OPINION_LISTEN`?",
                "variable `SECOND_OPINION_PORT`: no such setting",
                "variable `SECOND_OPINION_WHATEVER_ELSE`: no such setting",
            ]
        );
    }

    #[test]
    fn service_variables_of_kubernetes_are_ignored() {
        let environment = Environment::of([
            ("SECOND_OPINION_SERVICE_HOST", "10.0.0.1"),
            ("SECOND_OPINION_SERVICE_PORT", "50051"),
            ("SECOND_OPINION_SERVICE_PORT_GRPC", "50051"),
            ("SECOND_OPINION_PORT", "tcp://10.0.0.1:50051"),
            ("SECOND_OPINION_PORT_50051_TCP", "tcp://10.0.0.1:50051"),
            ("SECOND_OPINION_PORT_50051_TCP_ADDR", "10.0.0.1"),
            ("SECOND_OPINION_OPS_PORT_9464_TCP_PROTO", "tcp"),
        ]);
        assert_eq!(environment.problems(&[]), []);
    }
}
