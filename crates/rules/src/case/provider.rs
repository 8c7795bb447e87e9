//! Providers and the network's availability, with the facts that are known of them.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::identifiers::{Npi, Private, Taxonomy};
use crate::rules::{
    Answer, Availability, MediCalStatus, NetworkStatus, Qualification, Role, qualification_of,
};

/// A provider with its known facts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    /// The NPI; `None`: not given.
    pub npi: Option<Npi>,
    /// The name; empty: not given.
    pub name: String,
    /// Whether it is in the network.
    pub network_status: NetworkStatus,
    /// Whether Medi-Cal has certified it.
    pub medi_cal_status: MediCalStatus,
    /// Its role.
    pub role: Role,
    /// Whether the opinion is within its scope of practice.
    pub within_scope: Answer,
    /// Whether its training and expertise relate to the condition.
    pub relevant_expertise: Answer,
    /// The NUCC taxonomy code; `None`: not given.
    pub taxonomy_code: Option<Taxonomy>,
    /// The expertise in words; empty: none.
    pub expertise: Private,
    /// A phone number; empty: not given.
    pub phone: String,
    /// The address.
    pub address_lines: Vec<String>,
    /// The source of these facts; `None`: not given.
    pub verification: Option<Verification>,
}

impl Provider {
    /// Whether the provider is qualified by role, scope and expertise (VI.B).
    #[must_use]
    pub fn qualification(&self) -> Qualification {
        qualification_of(self.role, self.within_scope, self.relevant_expertise)
    }

    /// Whether two providers are known to be the same: by NPI where both have one, else by name where both have one.
    /// Where neither can be compared they are not the same, so that no fact passes from one to another.
    #[must_use]
    pub fn is_same_as(&self, npi: Option<&Npi>, name: &str) -> bool {
        match (&self.npi, npi) {
            (Some(mine), Some(theirs)) => mine == theirs,
            _ => !self.name.is_empty() && same_name(&self.name, name),
        }
    }

    /// This provider with the facts that `newer` sets. A fact that `newer` leaves unset stays.
    #[must_use]
    pub fn updated_with(&self, newer: &Self) -> Self {
        fn newer_or<T: PartialEq + Clone + Default>(newer: &T, held: &T) -> T {
            if *newer == T::default() {
                held.clone()
            } else {
                newer.clone()
            }
        }
        Self {
            npi: newer_or(&newer.npi, &self.npi),
            name: newer_or(&newer.name, &self.name),
            network_status: newer_or(&newer.network_status, &self.network_status),
            medi_cal_status: newer_or(&newer.medi_cal_status, &self.medi_cal_status),
            role: newer_or(&newer.role, &self.role),
            within_scope: newer_or(&newer.within_scope, &self.within_scope),
            relevant_expertise: newer_or(&newer.relevant_expertise, &self.relevant_expertise),
            taxonomy_code: newer_or(&newer.taxonomy_code, &self.taxonomy_code),
            expertise: newer_or(&newer.expertise, &self.expertise),
            phone: newer_or(&newer.phone, &self.phone),
            address_lines: newer_or(&newer.address_lines, &self.address_lines),
            verification: newer_or(&newer.verification, &self.verification),
        }
    }
}

/// The source of facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// The source in words.
    pub source: Private,
    /// The instant at which it was checked; `None`: not given.
    pub checked_at: Option<DateTime<Utc>>,
}

/// Whether the network has a qualified professional (VI.C).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkAvailability {
    /// The availability as stated.
    pub availability: Availability,
    /// The network professionals named.
    pub alternatives: Vec<NetworkAlternative>,
    /// The source of these facts; `None`: not given.
    pub verification: Option<Verification>,
}

impl NetworkAvailability {
    /// The availability that counts: `Available` needs at least one alternative that is named.
    #[must_use]
    pub fn effective(&self) -> Availability {
        match self.availability {
            Availability::Available
                if !self.alternatives.iter().any(NetworkAlternative::is_named) =>
            {
                Availability::Unknown
            }
            held => held,
        }
    }
}

/// A network professional who can give the opinion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkAlternative {
    /// The NPI; `None`: not given.
    pub npi: Option<Npi>,
    /// The name; empty: not given.
    pub name: String,
    /// A phone number; empty: not given.
    pub phone: String,
    /// The address.
    pub address_lines: Vec<String>,
    /// The NUCC taxonomy code; `None`: not given.
    pub taxonomy_code: Option<Taxonomy>,
    /// The first appointment available, a local day; `None`: not given.
    pub first_appointment: Option<NaiveDate>,
}

impl NetworkAlternative {
    /// Whether the professional is named, by an NPI or a name.
    #[must_use]
    pub fn is_named(&self) -> bool {
        self.npi.is_some() || !self.name.is_empty()
    }
}

/// Whether two names are equal except for case and white space.
#[must_use]
pub fn same_name(one: &str, other: &str) -> bool {
    one.split_whitespace()
        .map(str::to_lowercase)
        .eq(other.split_whitespace().map(str::to_lowercase))
}
