//! Section VI.C: network choice, and the recommendation to the reviewer.

use serde::{Deserialize, Serialize};

use super::access::Pathway;
use super::clause::Clause;
use super::facts::{Availability, Facts, MediCalStatus, NetworkStatus};
use super::finding::{Finding, Note, Outcome};
use super::qualification::Qualification;

/// The recommendation to the reviewer. A person decides; nothing here denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Recommendation {
    /// No action: the member may see the requested provider.
    NoneNeeded,
    /// Gather a fact that is missing.
    GatherInformation,
    /// Refer to a qualified network professional.
    ReferInNetwork,
    /// Select a provider that is certified by Medi-Cal and qualified.
    SelectCertifiedProvider,
    /// Approve the requested provider.
    Approve,
}

/// The recommendation; the first row that fits decides.
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
            (Some(Unknown | InNetwork), _) | (None | Some(OutOfNetwork), Availability::Unknown) => {
                GatherInformation
            }
            (None | Some(OutOfNetwork), Availability::Available) => ReferInNetwork,
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

/// The finding of VI.C: for prior authorization, and where the member is referred within the network.
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
