//! The errors of tokens and of the issuer's keys.

use std::io;

/// The check that a token failed. No message holds any part of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TokenError {
    /// There is no `authorization` metadata, or it is empty.
    #[error("a bearer token is needed in the `authorization` metadata")]
    Missing,
    /// It is not a signed token in compact form, or a claim has a wrong type.
    #[error("the `authorization` metadata does not hold a well-formed bearer token")]
    Malformed,
    /// Its `exp` has passed, by more than the leeway.
    #[error("the token has expired (`exp`)")]
    Expired,
    /// Its `nbf` is in the future, by more than the leeway.
    #[error("the token is not valid yet (`nbf`)")]
    NotYetValid,
    /// Its `aud` does not include this service.
    #[error("the token is for another audience (`aud`)")]
    Audience,
    /// Its `iss` is not the trusted issuer.
    #[error("the token is from another issuer (`iss`)")]
    Issuer,
    /// Its `alg` is not accepted, or is not its key's.
    #[error("the token's algorithm (`alg`) is not accepted, or is not its key's")]
    Algorithm,
    /// No present key has its `kid`; or it has no `kid` and more or fewer than one key fits its `alg`.
    #[error("the token's key (`kid`) is not among the issuer's present keys")]
    KeyUnknown,
    /// The signature does not verify with the key.
    #[error("the token's signature does not verify")]
    Signature,
}

impl TokenError {
    /// The `reason` in the `google.rpc.ErrorInfo` of the reply.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Missing => "TOKEN_MISSING",
            Self::Malformed => "TOKEN_MALFORMED",
            Self::Expired => "TOKEN_EXPIRED",
            Self::NotYetValid => "TOKEN_NOT_YET_VALID",
            Self::Audience => "TOKEN_AUDIENCE",
            Self::Issuer => "TOKEN_ISSUER",
            Self::Algorithm => "TOKEN_ALGORITHM",
            Self::KeyUnknown => "TOKEN_KEY_UNKNOWN",
            Self::Signature => "TOKEN_SIGNATURE",
        }
    }
}

/// The reason why a location gave no key set.
#[derive(Debug, thiserror::Error)]
pub enum JwksError {
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
    /// The server cannot be reached, or breaks the protocol. The text holds no URL.
    #[error("it cannot be fetched: {0}")]
    Fetch(String),
    /// The server answered with this HTTP status. A redirect is not followed.
    #[error("its server answered with status {0}")]
    Status(u16),
    /// The document is larger than 1 MiB.
    #[error("it is larger than 1 MiB")]
    TooLarge,
    /// It is not JSON, or not an object with a list of `keys`.
    #[error("it is not a JSON Web Key Set (line {line}, column {column})")]
    NotAKeySet {
        /// The line of the first error, from 1.
        line: usize,
        /// Its column.
        column: usize,
    },
    /// It has no key that can verify tokens; the text has the reason for each key.
    #[error("it has no key that can be used ({})", if .0.is_empty() { "it has none at all" } else { .0 })]
    NoUsableKey(String),
}

/// A JWKS that the server cannot start with.
#[derive(Debug, thiserror::Error)]
#[error("the JWKS `{location}` cannot be used: {cause}")]
pub struct JwksLoadError {
    /// The location, without the parts of a URL that may be secret.
    pub(super) location: String,
    /// The cause.
    pub(super) cause: JwksError,
}

impl JwksLoadError {
    /// The cause.
    #[must_use]
    pub const fn cause(&self) -> &JwksError {
        &self.cause
    }
}
