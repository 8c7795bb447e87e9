//! The errors of a server that cannot start.

use std::net::SocketAddr;

use thiserror::Error;

use super::tls::TlsError;
use crate::identity::{DevelopmentKeyError, JwksLoadError};
use crate::notice::TemplateErrors;
use crate::store::StoreError;
use crate::telemetry::traces::TracesError;

/// A server that could not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The address cannot be bound.
    #[error("cannot listen on `{address}`: {cause}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's error.
        cause: std::io::Error,
    },
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The development key cannot be used.
    #[error(transparent)]
    DevelopmentKey(#[from] DevelopmentKeyError),
    /// The token keys cannot be used.
    #[error(transparent)]
    Jwks(#[from] JwksLoadError),
    /// The contract's descriptors cannot be served, which no build of this crate causes.
    #[error("reflection cannot be set up: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// A certificate or key cannot be used.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] TlsError),
    /// Traces cannot be exported to the configured endpoint.
    #[error(transparent)]
    Traces(#[from] TracesError),
    /// The plan's own letter templates cannot be used.
    #[error("the templates of letters cannot be used:\n{0}")]
    Templates(#[from] TemplateErrors),
    /// The system gives no thread to render letters on.
    #[error("letters cannot be rendered: {0}")]
    Renderer(std::io::Error),
}
