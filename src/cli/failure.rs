//! The failure of a command, with its exit code.

use thiserror::Error;

use super::call::error::CallError;
use crate::config::ConfigErrors;
use crate::server::StartError;
use crate::store::{CopyError, StoreError};
use crate::telemetry::logs::LogError;

/// The exit codes, from BSD's `sysexits.h`: usage, an unavailable service, configuration; 1 for the rest.
pub(super) const USAGE: u8 = 64;
const STORE: u8 = 69;
const CONFIG: u8 = 78;
const OTHER: u8 = 1;

/// A command that failed.
#[derive(Debug, Error)]
pub enum Failure {
    /// Wrong usage.
    #[error("{0}")]
    Usage(String),
    /// The configuration cannot be used.
    #[error("{0}")]
    Config(String),
    /// The store cannot be reached or used.
    #[error("{0}")]
    Store(String),
    /// Any other failure.
    #[error("{0}")]
    Other(String),
}

impl Failure {
    /// Any other failure.
    pub(super) fn other(cause: impl std::fmt::Display) -> Self {
        Self::Other(cause.to_string())
    }

    /// The exit code.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Usage(_) => USAGE,
            Self::Config(_) => CONFIG,
            Self::Store(_) => STORE,
            Self::Other(_) => OTHER,
        }
    }
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        Self::Config(errors.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

impl From<CopyError> for Failure {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Source(_)
            | CopyError::Target(_)
            | CopyError::NotEmpty { .. }
            | CopyError::OtherSource { .. } => Self::Store(error.to_string()),
            CopyError::Mismatch(_) => Self::other(error),
        }
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Audit { .. } => Self::Config(error.to_string()),
            LogError::Filter(_) | LogError::Twice => Self::other(error),
        }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Store(error) => error.into(),
            StartError::DevelopmentKey(_)
            | StartError::Jwks(_)
            | StartError::Tls(_)
            | StartError::Traces(_)
            | StartError::Templates(_) => Self::Config(error.to_string()),
            StartError::Listen { .. } | StartError::Reflection(_) | StartError::Renderer(_) => {
                Self::other(error)
            }
        }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Usage(_) => Self::Usage(error.to_string()),
            CallError::Unreachable { .. } | CallError::Refused { .. } | CallError::Other(_) => {
                Self::other(error)
            }
        }
    }
}
