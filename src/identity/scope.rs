//! Which of the service's scopes does a caller have?

use std::fmt;
use std::str::FromStr;

/// One permission; the contract's table says which calls need which.
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
    /// Record that a notice went out.
    Notify,
}

impl Scope {
    /// Every scope, in the order in which a set is written out.
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

    const fn bit(self) -> u8 {
        match self {
            Self::Submit => 1,
            Self::Read => 1 << 1,
            Self::ReadPhi => 1 << 2,
            Self::Verify => 1 << 3,
            Self::Review => 1 << 4,
            Self::Notify => 1 << 5,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is none of this service's scopes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a scope of this service")]
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
    /// No scope at all.
    pub const EMPTY: Self = Self(0);

    /// Reads a token's space-separated `scope`. Words that are not scopes of this service belong to
    /// others and are passed over; case matters.
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
        text.split(' ')
            .filter_map(|word| word.parse::<Scope>().ok())
            .collect()
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

    /// The set with one scope more.
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

/// The scopes with single spaces between them, as a token's `scope` has them.
impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, scope) in self.iter().enumerate() {
            if position > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
