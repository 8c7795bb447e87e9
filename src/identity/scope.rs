//! The service's scopes, and their one parser for tokens, certificates and the command line.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One permission. The contract's table lists the scope of each call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Submit, withdraw and expedite.
    Submit,
    /// Get and list without PHI, and watch.
    Read,
    /// Full views, lists by member, and notices.
    ReadPhi,
    /// Record a verification.
    Verify,
    /// Approve and deny; these also need a person.
    Review,
    /// Record a notification.
    Notify,
}

impl Scope {
    /// Every scope, in the order in which a set is written.
    pub const ALL: [Self; 6] = [
        Self::Submit,
        Self::Read,
        Self::ReadPhi,
        Self::Verify,
        Self::Review,
        Self::Notify,
    ];

    /// The scope as tokens and the configuration spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Submit => "second-opinion.submit",
            Self::Read => "second-opinion.read",
            Self::ReadPhi => "second-opinion.read-phi",
            Self::Verify => "second-opinion.verify",
            Self::Review => "second-opinion.review",
            Self::Notify => "second-opinion.notify",
        }
    }

    /// Reads a space-separated list, word by word. Case matters.
    pub fn list(text: &str) -> impl Iterator<Item = Result<Self, UnknownScope>> {
        text.split(' ')
            .filter(|word| !word.is_empty())
            .map(str::parse)
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is not a scope of this service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a scope of this service", .0.escape_debug())]
pub struct UnknownScope(String);

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.as_str() == text)
            .ok_or_else(|| UnknownScope(text.to_owned()))
    }
}

/// A set of scopes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ScopeSet(u8);

impl ScopeSet {
    /// The set without a scope.
    pub const EMPTY: Self = Self(0);

    /// The scopes in a token's space-separated `scope` claim. Other words are scopes of other services and are
    /// ignored.
    ///
    /// ```
    /// use second_opinion::identity::{Scope, ScopeSet};
    ///
    /// let scopes = ScopeSet::parse("openid second-opinion.read");
    /// assert!(scopes.contains(Scope::Read));
    /// assert!(!scopes.contains(Scope::ReadPhi));
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Scope::list(text).flatten().collect()
    }

    /// Whether the scope is in the set.
    #[must_use]
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether the set has no scope.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The set with one more scope.
    #[must_use]
    pub const fn with(self, scope: Scope) -> Self {
        Self(self.0 | scope.bit())
    }

    /// The scopes in the set, in the order of [`Scope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL
            .into_iter()
            .filter(move |scope| self.contains(*scope))
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        scopes.into_iter().fold(Self::EMPTY, Self::with)
    }
}

/// The scopes with single spaces between them, as in a token's `scope` claim.
impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.iter().map(Scope::as_str).collect();
        f.write_str(&words.join(" "))
    }
}

impl fmt::Debug for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl Serialize for ScopeSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reads a space-separated string or a list of strings, and refuses an unknown scope: for the configuration, where it is a
/// typing error. A token's claim is parsed by [`ScopeSet::parse`].
impl<'de> Deserialize<'de> for ScopeSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "expected scopes as a string or a list of strings"
        )]
        enum Scopes {
            Text(String),
            List(Vec<String>),
        }
        let text = match Scopes::deserialize(deserializer)? {
            Scopes::Text(text) => text,
            Scopes::List(words) => words.join(" "),
        };
        let scopes: Result<Self, UnknownScope> = Scope::list(&text).collect();
        scopes.map_err(D::Error::custom)
    }
}
