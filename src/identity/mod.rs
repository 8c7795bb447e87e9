//! The callers' identity: bearer tokens, the issuer's keys, client certificates, and scopes.

mod authenticator;
mod caller;
mod certificate;
mod development;
mod error;
mod jwks;
mod jwt;
mod keys;
mod scope;
mod source;
#[cfg(test)]
mod tests;
mod verifier;

pub use authenticator::{AuthError, Authenticator};
pub use caller::{ActorType, Identity};
pub use certificate::{Callers, Certified};
pub use development::{
    DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER, DevelopmentIdentity, DevelopmentKeyError,
};
pub use error::{JwksError, JwksLoadError, TokenError};
pub use jwks::JwksLocation;
pub use keys::KeySet;
pub use scope::{Scope, ScopeSet, UnknownScope};
pub use source::{KeySource, RefreshTask};
pub use verifier::Verifier;
