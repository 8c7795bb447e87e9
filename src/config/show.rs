//! What is the effective configuration, and where does each value come from?

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use toml::{Table, Value};

use super::Config;
use super::args::Setting;
use super::file::ConfigFile;
use super::values::show_duration;
use second_opinion_store::redact_url;

/// Where a value comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Origin {
    Flag,
    Environment,
    File,
}

/// Where each value comes from; what is not noted is a default.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Origins {
    settings: BTreeMap<Setting, Origin>,
    file: Option<PathBuf>,
    /// The keys of tables that the file holds, the first two names of each.
    tables: Vec<String>,
}

// === impl Origin ===

impl Origin {
    /// The flag, the variable or the key of the file that holds a setting.
    pub(super) fn source(self, setting: Setting) -> String {
        match self {
            Self::Flag => format!("flag `{}`", setting.flag()),
            Self::Environment => format!("variable `{}`", setting.variable()),
            Self::File => format!("file key `{}`", setting.key()),
        }
    }
}

// === impl Origins ===

impl Origins {
    pub(super) fn note(&mut self, setting: Setting, origin: Origin) {
        self.settings.insert(setting, origin);
    }

    pub(super) fn note_file(&mut self, file: &ConfigFile) {
        self.file.clone_from(&file.path);
        self.tables = file.table_keys();
    }

    /// Whether any of the settings was given, be it with a value that cannot be taken.
    pub(super) fn has_any(&self, settings: &[Setting]) -> bool {
        settings
            .iter()
            .any(|setting| self.settings.contains_key(setting))
    }

    pub(super) fn source(&self, setting: Setting) -> String {
        match self.settings.get(&setting) {
            Some(origin) => origin.source(setting),
            None => format!("default of `{}`", setting.key()),
        }
    }

    fn of_setting(&self, setting: Setting) -> String {
        match self.settings.get(&setting) {
            Some(Origin::Flag) => format!("flag {}", setting.flag()),
            Some(Origin::Environment) => format!("environment {}", setting.variable()),
            Some(Origin::File) => "file".into(),
            None => "default".into(),
        }
    }

    fn of_table(&self, key: &str) -> &'static str {
        // Callers have no default: each one that there is comes from the file.
        let given = key.starts_with("callers.") || self.tables.iter().any(|given| given == key);
        if given { "file" } else { "default" }
    }
}

// === impl Config ===

impl Config {
    /// The effective configuration as TOML, a value a line with its origin beside it. Secrets are not in it.
    #[must_use]
    pub fn show(&self) -> String {
        let mut text = String::new();
        if let Some(path) = &self.origins.file {
            text.push_str(&comment(&format!("file: {}", path.display())));
        }
        for setting in Setting::ALL {
            let origin = self.origins.of_setting(setting);
            match self.show_setting(setting) {
                Some(value) => line(&mut text, setting.key(), &Value::String(value), &origin),
                None => text.push_str(&comment(&format!("{} is not set", setting.key()))),
            }
        }
        for (key, value) in self.tables() {
            let named: Vec<&str> = key.splitn(3, '.').take(2).collect();
            line(
                &mut text,
                &key,
                &value,
                self.origins.of_table(&named.join(".")),
            );
        }
        text
    }

    fn show_setting(&self, setting: Setting) -> Option<String> {
        let auth = self.auth.as_ref();
        let tls = self.tls.as_ref();
        match setting {
            Setting::Listen => Some(self.listen.to_string()),
            Setting::OpsListen => Some(self.ops_listen.to_string()),
            Setting::Data => Some(self.data.display().to_string()),
            Setting::Store => Some(self.store.to_string()),
            Setting::AuthJwks => auth.map(|auth| redact_url(&auth.jwks.to_string())),
            Setting::AuthIssuer => auth.map(|auth| auth.issuer.clone()),
            Setting::AuthAudience => auth.map(|auth| auth.audience.clone()),
            Setting::TlsCert => tls.map(|tls| tls.cert.display().to_string()),
            Setting::TlsKey => tls.map(|tls| tls.key.display().to_string()),
            Setting::TlsClientCa => tls?
                .client_ca
                .as_ref()
                .map(|path| path.display().to_string()),
            Setting::Log => Some(self.log.clone()),
            Setting::LogFormat => self.log_format.map(|format| format.to_string()),
            Setting::Audit => Some(self.audit.to_string()),
            Setting::OtlpEndpoint => self.otlp_endpoint.as_deref().map(redact_url),
            Setting::TraceRatio => Some(self.trace_ratio.to_string()),
            Setting::MaxCalls => Some(self.max_calls.to_string()),
            Setting::MaxDeadline => Some(show_duration(self.max_deadline)),
            Setting::DrainGrace => Some(show_duration(self.drain_grace)),
        }
    }

    /// What only the file can hold, under dotted keys.
    fn tables(&self) -> Vec<(String, Value)> {
        let mut found = Vec::new();
        // INVARIANT: the plan's fields are texts, lists of texts and a boolean, which TOML can hold.
        flatten(
            "plan",
            &Table::try_from(&self.plan).unwrap_or_default(),
            &mut found,
        );
        // INVARIANT: these too.
        flatten(
            "notices",
            &Table::try_from(&self.notices).unwrap_or_default(),
            &mut found,
        );
        let closures = self.closures.iter().map(|closure| {
            let date = Value::String(closure.date.to_string());
            let name = Value::String(closure.name.clone());
            Value::Table(Table::from_iter([
                ("date".to_owned(), date),
                ("name".to_owned(), name),
            ]))
        });
        found.push(("calendar.closures".into(), Value::Array(closures.collect())));
        found.push(("limits.law".into(), Value::Boolean(self.law_limits)));
        let rungs = self
            .sweeper_rungs
            .iter()
            .map(|rung| Value::Integer((*rung).into()));
        found.push(("sweeper.rungs".into(), Value::Array(rungs.collect())));
        for (name, scopes) in &self.callers {
            let name = Value::String(name.clone());
            found.push((format!("callers.{name}"), Value::String(scopes.to_string())));
        }
        let origins = self
            .web_origins
            .iter()
            .map(|origin| Value::String(origin.clone()));
        found.push(("web.origins".into(), Value::Array(origins.collect())));
        found
    }
}

fn flatten(above: &str, table: &Table, found: &mut Vec<(String, Value)>) {
    for (name, value) in table {
        let key = format!("{above}.{name}");
        match value {
            Value::Table(inner) => flatten(&key, inner, found),
            value => found.push((key, value.clone())),
        }
    }
}

fn line(text: &mut String, key: &str, value: &Value, origin: &str) {
    // INVARIANT: writing to a string cannot fail.
    let _ = writeln!(text, "{key} = {value} # {origin}");
}

fn comment(text: &str) -> String {
    format!("# {}\n", text.escape_debug())
}
