//! A caller that has proved its identity.

use std::borrow::Cow;

use super::scope::{Scope, ScopeSet};

/// Whether a person or a service calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActorType {
    /// A person: the token's `actor_type` claim is exactly `person`.
    Person,
    /// A service: the token has any other `actor_type` claim or none, or there is a client certificate.
    Service,
}

impl ActorType {
    /// The value of the `actor_type` claim: `person` or `service`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Service => "service",
        }
    }
}

/// The identity of a caller: only what decisions need, no name and no address of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The token's `iss`; `None` for a client certificate.
    pub issuer: Option<String>,
    /// The token's `sub` (1 to 255 characters, none of them a control character), or the certificate's URI or DNS
    /// subject alternative name.
    pub subject: String,
    /// A person or a service.
    pub actor_type: ActorType,
    /// The caller's scopes of this service.
    pub scopes: ScopeSet,
}

impl Identity {
    /// The identity of a client certificate, which is always a service.
    #[must_use]
    pub fn from_certificate(san: impl Into<String>, scopes: ScopeSet) -> Self {
        Self {
            issuer: None,
            subject: san.into(),
            actor_type: ActorType::Service,
            scopes,
        }
    }

    /// The caller's key in the record: `iss|sub`, or the certificate's name alone.
    ///
    /// Different callers have different keys. A `|` or `\` inside either part is escaped as `\|` or `\\`. A token's
    /// key therefore has exactly one bare `|`, a certificate's key has none, and no subject can spell another caller's
    /// key.
    ///
    /// ```
    /// use second_opinion::identity::{ActorType, Identity, ScopeSet};
    ///
    /// let caller = |issuer: &str, subject: &str| Identity {
    ///     issuer: Some(issuer.to_owned()),
    ///     subject: subject.to_owned(),
    ///     actor_type: ActorType::Service,
    ///     scopes: ScopeSet::EMPTY,
    /// };
    /// assert_eq!(caller("https://idp.example", "tar").key(), "https://idp.example|tar");
    /// assert_ne!(caller("a", "b|c").key(), caller("a|b", "c").key());
    /// ```
    #[must_use]
    pub fn key(&self) -> String {
        let subject = escape(&self.subject);
        match &self.issuer {
            Some(issuer) => [&*escape(issuer), "|", &*subject].concat(),
            None => subject.into_owned(),
        }
    }

    /// Whether the caller has this scope.
    #[must_use]
    pub const fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(scope)
    }
}

fn escape(part: &str) -> Cow<'_, str> {
    if part.contains(['\\', '|']) {
        Cow::Owned(part.replace('\\', r"\\").replace('|', r"\|"))
    } else {
        Cow::Borrowed(part)
    }
}
