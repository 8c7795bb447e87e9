//! How is the service set up: flags over environment over a TOML file over defaults?
//!
//! Every value that cannot be taken is reported at once, with the place where it stands; secrets are never shown.
//! Relative paths, also those in the file, are relative to the folder in which the process was started.

mod args;
mod environment;
mod error;
mod file;
mod load;
mod plan_table;
mod policy;
mod show;
mod suggest;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chrono::NaiveDate;

pub use args::ConfigArgs;
pub use environment::Environment;
pub use error::{ConfigErrors, Problem};
pub use load::{load, load_offline};
pub use second_opinion_store::{Secret, StoreUrl, redact_url};
pub use show::Origins;

use crate::identity::{JwksLocation, ScopeSet};

use crate::notice::NoticeSettings;
use crate::plan::Plan;
pub use crate::telemetry::audit::AuditSink;
pub use crate::telemetry::logs::LogFormat;

/// The embedded store's file within the data folder.
const STORE_FILE: &str = "second-opinion.db";

/// Everything that can be configured. Read by [`load`]; the default is what holds where nothing is configured.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where gRPC is served.
    pub listen: SocketAddr,
    /// Where `/metrics`, `/livez` and `/readyz` are served.
    pub ops_listen: SocketAddr,
    /// The folder of the embedded store and the development key, whatever the store.
    pub data: PathBuf,
    /// Where the determinations are kept.
    pub store: StoreUrl,
    /// How callers' tokens are verified; none where only certificates, or the development identity, are taken.
    pub auth: Option<JwtAuth>,
    /// The server's certificate; none where it serves in the clear.
    pub tls: Option<Tls>,
    /// What is logged: a tracing filter that is known to parse.
    pub log: String,
    /// The shape of the log's lines; none means text on a terminal, else JSON.
    pub log_format: Option<LogFormat>,
    /// Where audit lines go.
    pub audit: AuditSink,
    /// Where traces are sent, an http or https URL.
    pub otlp_endpoint: Option<String>,
    /// The share of calls that are traced where their callers did not decide, 0 to 1.
    pub trace_ratio: f64,
    /// As many calls as are answered at once.
    pub max_calls: usize,
    /// The longest deadline that a call gets.
    pub max_deadline: Duration,
    /// The time that running calls have to finish once the process was told to stop.
    pub drain_grace: Duration,
    /// The plan in whose name letters are sent.
    pub plan: Plan,
    /// What the plan sets about its letters.
    pub notices: NoticeSettings,
    /// The plan's closures besides the State's, in order of date, no date twice.
    pub closures: Vec<Closure>,
    /// Whether the limits of law bind besides the policy's own.
    pub law_limits: bool,
    /// The shares of a clock's time that are told as they pass, in percent: 1 to 99, rising; empty: none. After a change a
    /// case is told the ones set anew from its next event on, or from the next instant that it was waiting for.
    pub sweeper_rungs: Vec<u8>,
    /// The scopes of each name (URI or DNS SAN) that a client certificate can carry.
    pub callers: BTreeMap<String, ScopeSet>,
    /// The origins whose pages may call over gRPC-Web.
    pub web_origins: Vec<String>,
    /// Where each value comes from, for [`Config::show`].
    pub origins: Origins,
}

/// How callers' tokens are verified.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct JwtAuth {
    /// Where the signing keys are.
    pub jwks: JwksLocation,
    /// The `iss` that a token must have.
    pub issuer: String,
    /// The `aud` that a token must have.
    pub audience: String,
}

/// The server's side of TLS: PEM files.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tls {
    /// The certificate chain.
    pub cert: PathBuf,
    /// The private key.
    pub key: PathBuf,
    /// The authority whose certificates identify callers.
    pub client_ca: Option<PathBuf>,
}

/// A day on which the plan does not work, besides the State's holidays.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Closure {
    /// The day, local to the plan.
    pub date: NaiveDate,
    /// What it is called.
    pub name: String,
}

impl Config {
    /// Whether the server makes its own signing key: no token keys and no client CA are configured.
    #[must_use]
    pub fn development_identity(&self) -> bool {
        self.auth.is_none() && self.tls.as_ref().is_none_or(|tls| tls.client_ca.is_none())
    }
}
