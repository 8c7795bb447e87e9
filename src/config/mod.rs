//! The configuration: flags, then environment variables, then a TOML file, then defaults.
//!
//! `settings` declares each setting once. Every refused value is reported at once, with its place; secrets are never
//! shown. Relative paths, also those in the file, are relative to the folder in which the process was started.

mod args;
mod environment;
mod file;
mod load;
mod policy;
mod problem;
mod settings;
mod show;
mod sources;
mod tables;
#[cfg(test)]
mod tests;
mod value;

use std::path::PathBuf;

pub use environment::Environment;
pub use load::{load, load_offline};
pub use problem::{ConfigErrors, Problem};
pub use second_opinion_store::{Secret, StoreUrl, redact_url};
pub use settings::{Config, SETTINGS};
pub use sources::{ConfigArgs, Origins, Setting};
pub use tables::{Calendar, Closure, Limits, Sweeper, Web};

use crate::identity::JwksLocation;
pub use crate::telemetry::audit::AuditSink;
pub use crate::telemetry::logs::LogFormat;

/// The verification of callers' tokens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct JwtAuth {
    /// The location of the signing keys.
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
    /// The authority of callers' certificates.
    pub client_ca: Option<PathBuf>,
}

impl Config {
    /// The verification of callers' tokens; `None` with certificates alone, or with the development identity.
    #[must_use]
    pub fn auth(&self) -> Option<JwtAuth> {
        Some(JwtAuth {
            jwks: self.auth_jwks.clone()?,
            issuer: self.auth_issuer.clone()?,
            audience: self.auth_audience.clone()?,
        })
    }

    /// The server's certificate; `None` without TLS.
    #[must_use]
    pub fn tls(&self) -> Option<Tls> {
        Some(Tls {
            cert: self.tls_cert.clone()?,
            key: self.tls_key.clone()?,
            client_ca: self.tls_client_ca.clone(),
        })
    }

    /// Whether the file names the plan. Otherwise letters name the default one, a real plan for trial only.
    #[must_use]
    pub fn has_own_plan(&self) -> bool {
        self.origins.file.has("plan", "name")
    }

    /// Whether the server uses the development identity: neither token keys nor a client CA are configured.
    #[must_use]
    pub fn development_identity(&self) -> bool {
        self.auth_jwks.is_none() && self.tls_client_ca.is_none()
    }
}
