//! What does the process's environment say, and which of its variables are ours?

use std::collections::BTreeMap;
use std::fmt;

use super::args::{PREFIX, Setting};
use super::error::Problem;
use super::suggest::did_you_mean;

/// The variables whose names begin with `SECOND_OPINION_`: the process's, or those that a test makes up.
#[derive(Clone, Default)]
pub struct Environment {
    /// `None` where the value is not UTF-8.
    variables: BTreeMap<String, Option<String>>,
}

/// The variable that names the file.
pub(super) const CONFIG: &str = "SECOND_OPINION_CONFIG";
/// The variable that holds a caller's token; `call` reads it, not the configuration.
const TOKEN: &str = "SECOND_OPINION_TOKEN";

impl Environment {
    /// The process's own environment, as it is now.
    #[must_use]
    pub fn of_process() -> Self {
        let variables = std::env::vars_os()
            .map(|(name, value)| {
                (
                    name.to_string_lossy().into_owned(),
                    value.into_string().ok(),
                )
            })
            .filter(|(name, _)| name.starts_with(PREFIX))
            .collect();
        Self { variables }
    }

    /// An environment of these variables and no others.
    pub fn of<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let variables = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), Some(value.into())))
            .filter(|(name, _)| name.starts_with(PREFIX))
            .collect();
        Self { variables }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name)?.as_deref()
    }

    /// The variables that are not UTF-8, and those that this program does not know.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut known: Vec<String> = Setting::ALL.into_iter().map(Setting::variable).collect();
        known.extend([CONFIG.to_owned(), TOKEN.to_owned()]);
        let mut problems = Vec::new();
        for (name, value) in &self.variables {
            let source = format!("variable `{}`", name.escape_debug());
            if known.contains(name) {
                if value.is_none() {
                    problems.push(Problem::new(source, "expected UTF-8"));
                }
            } else if !is_service_link(name, value.as_deref().unwrap_or_default()) {
                let hint = did_you_mean(name, known.iter().map(String::as_str));
                problems.push(Problem::new(source, format!("no such setting{hint}")));
            }
        }
        problems
    }
}

impl fmt::Debug for Environment {
    /// The names alone: a value may be a secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_set()
            .entries(self.variables.keys())
            .finish()
    }
}

/// Whether Kubernetes made the variable for a Service of the namespace whose name begins with `second-opinion`:
/// such a pod must start all the same.
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
    fn unknown_variables_are_refused() {
        let environment = Environment::of([
            ("SECOND_OPINION_LISTN", "127.0.0.1:1"),
            ("SECOND_OPINION_WHATEVER_ELSE", "x"),
            ("SECOND_OPINION_TOKEN", "x"),
            ("SECOND_OPINION_PORT", "50051"),
            ("PATH", "/bin"),
        ]);
        let told: Vec<String> = environment
            .problems()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            told,
            [
                "variable `SECOND_OPINION_LISTN`: no such setting, did you mean `SECOND_OPINION_LISTEN`?",
                "variable `SECOND_OPINION_PORT`: no such setting",
                "variable `SECOND_OPINION_WHATEVER_ELSE`: no such setting",
            ]
        );
    }

    #[test]
    fn what_kubernetes_sets_for_services_is_let_pass() {
        let environment = Environment::of([
            ("SECOND_OPINION_SERVICE_HOST", "10.0.0.1"),
            ("SECOND_OPINION_SERVICE_PORT", "50051"),
            ("SECOND_OPINION_SERVICE_PORT_GRPC", "50051"),
            ("SECOND_OPINION_PORT", "tcp://10.0.0.1:50051"),
            ("SECOND_OPINION_PORT_50051_TCP", "tcp://10.0.0.1:50051"),
            ("SECOND_OPINION_PORT_50051_TCP_ADDR", "10.0.0.1"),
            ("SECOND_OPINION_OPS_PORT_9464_TCP_PROTO", "tcp"),
        ]);
        assert_eq!(environment.problems(), []);
    }
}
