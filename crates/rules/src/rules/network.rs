//! May the plan keep to its network, and what does the reviewer do next (VI.C)?

use serde::{Deserialize, Serialize};

use super::access::Pathway;
use super::clause::Clause;
use super::facts::{Availability, Facts, MediCalStatus, NetworkStatus};
use super::finding::{Finding, Note, Outcome};
use super::qualification::Qualification;

/// What the rules recommend. A person decides; nothing here denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Recommendation {
    /// Nothing to do: the provider asked for may be seen.
    NoneNeeded,
    /// A fact is missing.
    GatherInformation,
    /// Refer to a qualified network professional.
    ReferInNetwork,
    /// Find a provider that Medi-Cal has certified and that is qualified.
    SelectCertifiedProvider,
    /// Approve the provider asked for.
    Approve,
}

/// The recommendation. The first row that fits holds.
#[must_use]
pub fn recommendation(
    facts: &Facts,
    qualification: Qualification,
    pathway: Pathway,
) -> Recommendation {
    use NetworkStatus::{InNetwork, OutOfNetwork, Unknown};
    use Recommendation::{GatherInformation, NoneNeeded, ReferInNetwork, SelectCertifiedProvider};
    match pathway {
        Pathway::NetworkAccess => match (facts.provider, qualification) {
            (None, _) | (_, Qualification::NotQualified) => ReferInNetwork,
            (
                Some(InNetwork | OutOfNetwork | Unknown),
                Qualification::Qualified | Qualification::Unknown | Qualification::NotApplicable,
            ) => NoneNeeded,
        },
        Pathway::PriorAuthorization => match (facts.provider, facts.availability) {
            (Some(InNetwork), Availability::NotAvailable)
                if qualification == Qualification::NotQualified =>
            {
                SelectCertifiedProvider
            }
            (Some(Unknown | InNetwork), _) => GatherInformation,
            (None | Some(OutOfNetwork), Availability::Available) => ReferInNetwork,
            (None | Some(OutOfNetwork), Availability::Unknown) => GatherInformation,
            (None, Availability::NotAvailable) => SelectCertifiedProvider,
            (Some(OutOfNetwork), Availability::NotAvailable) => {
                out_of_network(facts.medi_cal, qualification)
            }
        },
    }
}

fn out_of_network(medi_cal: MediCalStatus, qualification: Qualification) -> Recommendation {
    match (medi_cal, qualification) {
        (MediCalStatus::NotCertified | MediCalStatus::SuspendedOrExcluded, _)
        | (_, Qualification::NotQualified) => Recommendation::SelectCertifiedProvider,
        (MediCalStatus::Unknown, _)
        | (_, Qualification::Unknown | Qualification::NotApplicable) => {
            Recommendation::GatherInformation
        }
        (MediCalStatus::Certified, Qualification::Qualified) => Recommendation::Approve,
    }
}

/// The finding of VI.C: on the way of prior authorisation, and where the member is referred within the network.
#[must_use]
pub fn network_finding(
    facts: Facts,
    pathway: Pathway,
    recommendation: Recommendation,
) -> Option<Finding> {
    let (outcome, note) = match pathway {
        Pathway::PriorAuthorization => match facts.availability {
            Availability::Available => (Outcome::NotSatisfied, Note::NetworkHasSomeone),
            Availability::NotAvailable => (Outcome::Satisfied, Note::NetworkHasNoOne),
            Availability::Unknown => (Outcome::Unknown, Note::NetworkUnknown),
        },
        Pathway::NetworkAccess if recommendation == Recommendation::ReferInNetwork => {
            (Outcome::Noted, Note::NetworkAlternatives)
        }
        Pathway::NetworkAccess => return None,
    };
    Some(Finding::new(Clause::Network, outcome, note))
}
