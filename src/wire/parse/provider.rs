//! Parses providers and the network's availability.

use super::path::At;
use super::people::npi;
use super::violations::Violations;
use crate::case::{
    NetworkAlternative, NetworkAvailability, NetworkStatus, Provider, Taxonomy, Verification,
};
use crate::rules::{Answer, Availability, MediCalStatus, Role};
use crate::wire::v1;

pub(super) fn provider(v: &mut Violations, at: At<'_>, message: &v1::Provider) -> Provider {
    Provider {
        npi: npi(v, at.field("npi"), &message.npi),
        name: v.line(at.field("name"), &message.name),
        network_status: match v.enumeration(at.field("network_status"), message.network_status) {
            v1::NetworkStatus::Unspecified => NetworkStatus::Unknown,
            v1::NetworkStatus::InNetwork => NetworkStatus::InNetwork,
            v1::NetworkStatus::OutOfNetwork => NetworkStatus::OutOfNetwork,
        },
        medi_cal_status: match v.enumeration(at.field("medi_cal_status"), message.medi_cal_status) {
            v1::MediCalStatus::Unspecified => MediCalStatus::Unknown,
            v1::MediCalStatus::Certified => MediCalStatus::Certified,
            v1::MediCalStatus::NotCertified => MediCalStatus::NotCertified,
            v1::MediCalStatus::SuspendedOrExcluded => MediCalStatus::SuspendedOrExcluded,
        },
        role: match v.enumeration(at.field("role"), message.role) {
            v1::ProviderRole::Unspecified => Role::Unknown,
            v1::ProviderRole::PrimaryCare => Role::PrimaryCare,
            v1::ProviderRole::Specialist => Role::Specialist,
            v1::ProviderRole::Other => Role::Other,
        },
        within_scope: answer(v, at.field("within_scope"), message.within_scope),
        relevant_expertise: answer(
            v,
            at.field("relevant_expertise"),
            message.relevant_expertise,
        ),
        taxonomy_code: taxonomy(v, at.field("taxonomy_code"), &message.taxonomy_code),
        expertise: v.text(at.field("expertise"), &message.expertise),
        phone: v.phone(at.field("phone"), &message.phone),
        address_lines: v.lines(at.field("address_lines"), &message.address_lines),
        verification: verification(v, at.field("verification"), message.verification.as_ref()),
    }
}

/// A provider that must have an NPI or a name. A malformed NPI is not also reported as missing.
pub(super) fn named_provider(v: &mut Violations, at: At<'_>, message: &v1::Provider) -> Provider {
    let provider = provider(v, at, message);
    if message.npi.trim().is_empty() && provider.name.is_empty() {
        v.add(at, "must have an npi or a name");
    }
    provider
}

fn answer(v: &mut Violations, at: At<'_>, number: i32) -> Answer {
    match v.enumeration(at, number) {
        v1::Answer::Unspecified => Answer::Unknown,
        v1::Answer::Yes => Answer::Yes,
        v1::Answer::No => Answer::No,
    }
}

fn taxonomy(v: &mut Violations, at: At<'_>, text: &str) -> Option<Taxonomy> {
    v.identifier(at, text, Taxonomy::parse, Taxonomy::EXPECTED)
}

fn verification(
    v: &mut Violations,
    at: At<'_>,
    message: Option<&v1::Verification>,
) -> Option<Verification> {
    message.map(|message| Verification {
        source: v.text(at.field("source"), &message.source),
        checked_at: v.instant(at.field("checked_at"), message.checked_at.as_ref()),
    })
}

pub(super) fn network_availability(
    v: &mut Violations,
    at: At<'_>,
    message: &v1::NetworkAvailability,
) -> NetworkAvailability {
    let at_alternatives = at.field("alternatives");
    let alternatives = v.list(at_alternatives, &message.alternatives);
    NetworkAvailability {
        availability: match v.enumeration(at.field("availability"), message.availability) {
            v1::Availability::Unspecified => Availability::Unknown,
            v1::Availability::Available => Availability::Available,
            v1::Availability::NotAvailable => Availability::NotAvailable,
        },
        alternatives: alternatives
            .iter()
            .enumerate()
            .map(|(index, message)| alternative(v, at_alternatives.index(index), message))
            .collect(),
        verification: verification(v, at.field("verification"), message.verification.as_ref()),
    }
}

fn alternative(
    v: &mut Violations,
    at: At<'_>,
    message: &v1::NetworkAlternative,
) -> NetworkAlternative {
    NetworkAlternative {
        npi: npi(v, at.field("npi"), &message.npi),
        name: v.line(at.field("name"), &message.name),
        phone: v.phone(at.field("phone"), &message.phone),
        address_lines: v.lines(at.field("address_lines"), &message.address_lines),
        taxonomy_code: taxonomy(v, at.field("taxonomy_code"), &message.taxonomy_code),
        first_appointment: v.date(at.field("first_appointment"), &message.first_appointment),
    }
}
