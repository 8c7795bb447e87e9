//! Authentication of a call, by bearer token or by the client certificate of its connection.

use std::sync::Arc;

use http::HeaderValue;
use thiserror::Error;

use super::caller::Identity;
use super::certificate::Certified;
use super::error::TokenError;
use super::verifier::Verifier;
use crate::clock::Clock;

/// A call without a good identity.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum AuthError {
    /// There is no token, or one that does not verify.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The client certificate is good, but the configuration knows none of its names.
    #[error("no URI or DNS name of the client certificate is among the configured callers")]
    CertificateUnknown,
}

impl AuthError {
    /// The `reason` that callers get in `google.rpc.ErrorInfo`.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Token(error) => error.reason(),
            Self::CertificateUnknown => "CERTIFICATE_UNKNOWN",
        }
    }
}

/// Identifies callers.
#[derive(Clone)]
pub struct Authenticator {
    /// The verifier of tokens; `None`: no tokens are accepted.
    pub verifier: Option<Arc<Verifier>>,
    /// The server's clock.
    pub clock: Arc<dyn Clock>,
}

impl Authenticator {
    /// The caller of a call with this `authorization` metadata, on a connection with this certificate.
    ///
    /// A token takes precedence: a service may so call for a person, and a certificate does not make up for a token
    /// that does not verify.
    ///
    /// # Errors
    /// When the token does not verify; without a token, when the certificate is absent or unknown.
    pub async fn authenticate(
        &self,
        authorization: Option<&HeaderValue>,
        certified: Option<&Certified>,
    ) -> Result<Arc<Identity>, AuthError> {
        if authorization.is_none() {
            match certified {
                Some(Certified::As(identity)) => return Ok(Arc::clone(identity)),
                Some(Certified::Unknown) => return Err(AuthError::CertificateUnknown),
                None => {}
            }
        }
        // A value that is not text is no token; the verifier says so.
        let text = authorization.map(|value| value.to_str().unwrap_or("?"));
        match &self.verifier {
            Some(verifier) => Ok(verifier.verify(text, self.clock.now()).await?),
            None if authorization.is_none() => Err(TokenError::Missing.into()),
            // No issuer is configured, so no key is known.
            None => Err(TokenError::KeyUnknown.into()),
        }
    }
}
