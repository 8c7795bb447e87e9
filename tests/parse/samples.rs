//! Valid messages, for tests to change one field at a time.

use chrono::{DateTime, Utc};
use prost_types::Timestamp;
use second_opinion::wire::parse::Malformed;
use second_opinion::wire::render::timestamp;
use second_opinion::wire::v1::{self, requester::Kind};

pub const REQUEST_ID: &str = "018f3c2e-0000-7000-8000-000000000001";
pub const DETERMINATION_ID: &str = "018f3c2e-0000-7000-8000-000000000002";
pub const NPI: &str = "1234567893";

pub fn now() -> DateTime<Utc> {
    "2026-03-02T18:00:00Z".parse().expect("an instant")
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "a field of a message may be absent"
)]
pub fn seconds_from_now(seconds: i64) -> Option<Timestamp> {
    Some(timestamp(now() + chrono::TimeDelta::seconds(seconds)))
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "a field of a message may be absent"
)]
pub fn at(text: &str) -> Option<Timestamp> {
    let instant: DateTime<Utc> = text.parse().expect("an instant");
    Some(timestamp(instant))
}

/// The fields with violations, sorted by name; a field with two violations is listed twice.
pub fn violated_fields<T>(result: Result<T, Malformed>) -> Vec<String> {
    let mut fields: Vec<String> = match result {
        Ok(_) => Vec::new(),
        Err(malformed) => malformed.violations.into_iter().map(|v| v.field).collect(),
    };
    fields.sort();
    fields
}

/// A name, a change to a valid message, and the fields with violations after it.
pub type Row<'a, M> = (&'a str, fn(&mut M), &'a [&'a str]);

/// Asserts that each changed message has exactly the violations of its row.
pub fn check<M: Clone, T>(
    good: &M,
    parse: impl Fn(M) -> Result<T, Malformed>,
    table: &[Row<'_, M>],
) {
    assert_eq!(
        violated_fields(parse(good.clone())),
        [""; 0],
        "the valid message"
    );
    for (name, change, expected) in table {
        let mut message = good.clone();
        change(&mut message);
        assert_eq!(violated_fields(parse(message)), *expected, "{name}");
    }
}

pub fn requester(kind: Kind) -> v1::Requester {
    v1::Requester { kind: Some(kind) }
}

pub fn provider() -> v1::Provider {
    v1::Provider {
        npi: NPI.to_owned(),
        name: "Dr. Asked For".to_owned(),
        network_status: v1::NetworkStatus::OutOfNetwork.into(),
        medi_cal_status: v1::MediCalStatus::Certified.into(),
        role: v1::ProviderRole::Specialist.into(),
        within_scope: v1::Answer::Yes.into(),
        relevant_expertise: v1::Answer::No.into(),
        taxonomy_code: "207RC0000X".to_owned(),
        expertise: "hearts".to_owned(),
        phone: "(707) 555-0100".to_owned(),
        address_lines: vec!["1 Main Street".to_owned()],
        verification: Some(v1::Verification {
            source: "the directory".to_owned(),
            checked_at: at("2026-03-01T00:00:00Z"),
        }),
    }
}

pub fn availability() -> v1::NetworkAvailability {
    v1::NetworkAvailability {
        availability: v1::Availability::Available.into(),
        alternatives: vec![v1::NetworkAlternative {
            npi: NPI.to_owned(),
            name: "Dr. Alternative".to_owned(),
            phone: "707-555-0101".to_owned(),
            address_lines: vec!["2 Network Way".to_owned()],
            taxonomy_code: "207RC0000X".to_owned(),
            first_appointment: "2026-03-09".to_owned(),
        }],
        verification: None,
    }
}

pub fn member() -> v1::Member {
    v1::Member {
        member_id: "90000000A".to_owned(),
        full_name: "Ann Member".to_owned(),
        address_lines: vec!["3 Home Street".to_owned()],
        preferred_language: "es-MX".to_owned(),
        alternative_format: v1::AlternativeFormat::Audio.into(),
        spoken_language: "mxb".to_owned(),
        confidential_address_lines: vec!["4 Safe Street".to_owned()],
    }
}

pub fn claim() -> v1::UrgencyClaim {
    v1::UrgencyClaim {
        psychological_jeopardy: "the state of mind".to_owned(),
        practitioner_opinion: Some(v1::PractitionerOpinion {
            npi: NPI.to_owned(),
            statement: "it would do harm".to_owned(),
        }),
        functional_jeopardy: "a function may be lost".to_owned(),
    }
}

pub fn representative() -> v1::AuthorizedRepresentative {
    v1::AuthorizedRepresentative {
        full_name: "Rob Present".to_owned(),
        relationship: "a son".to_owned(),
        basis: v1::AuthorityBasis::Guardian.into(),
        authorization_on_file: true,
        phone: "7075550102".to_owned(),
    }
}

pub fn professional() -> v1::HealthProfessional {
    v1::HealthProfessional {
        npi: NPI.to_owned(),
        full_name: "Dr. Who Asks".to_owned(),
        phone: "707.555.0103".to_owned(),
        fax: "+1 707 555 0104".to_owned(),
    }
}

pub fn second_opinion() -> v1::SecondOpinion {
    v1::SecondOpinion {
        member: Some(member()),
        requesters: vec![
            requester(Kind::Member(v1::MemberRequester {})),
            requester(Kind::AuthorizedRepresentative(representative())),
            requester(Kind::HealthProfessional(professional())),
        ],
        reasons: vec![v1::RequestReason {
            code: v1::ReasonCode::SeriousCondition.into(),
            threats: vec![v1::Threat::Limb.into()],
            detail: "a doubt".to_owned(),
        }],
        clinical_context: Some(v1::ClinicalContext {
            diagnosis_codes: vec!["C50.911".to_owned()],
            procedure_codes: vec!["19301".to_owned(), "G0463".to_owned()],
            summary: "a lump\nthat grows".to_owned(),
            initiating_professional_npi: NPI.to_owned(),
        }),
        requested_provider: Some(provider()),
        network_availability: Some(availability()),
        primary_care_decision: v1::PrimaryCareDecision::NotGranted.into(),
        urgency_claim: Some(claim()),
        received_at: at("2026-03-02T17:00:00Z"),
        referral_number: "RAF-1".to_owned(),
        treatment_authorization_number: "TAR-1".to_owned(),
        specialty_wanted: "heart surgery".to_owned(),
    }
}

pub fn reviewer() -> v1::Reviewer {
    v1::Reviewer {
        full_name: "Rae Viewer".to_owned(),
        title: "Medical Director".to_owned(),
        license_type: v1::LicenseType::Md.into(),
        license_number: "A1".to_owned(),
        phone: "(707) 555-0199".to_owned(),
        license_state: String::new(),
        specialty: "internal medicine".to_owned(),
    }
}

/// A text of `chars` characters, each of more than one byte.
pub fn long(chars: usize) -> String {
    "é".repeat(chars)
}
