//! A case on a desk, and what is needed to put one there: requests, facts and commands.
#![allow(
    dead_code,
    unused_imports,
    reason = "each test target takes from here what it needs"
)]

mod desk;
#[path = "letters_made.rs"]
mod post;

use chrono::{DateTime, TimeDelta, Utc};
use second_opinion::case::{
    AlternativeFormat, Approve, AuthorityBasis, Cin, ClinicalContext, DenialReason, Deny,
    HealthProfessional, LanguageTag, License, LicenseType, LicensedReviewer, Member,
    NetworkAlternative, NetworkAvailability, NetworkStatus, Npi, Private, Provider, Representative,
    Requester, Reviewer, SecondOpinion, UrgencyClaim, Verify,
};
use second_opinion::rules::{
    Answer, Availability, DenialReasonCode, MediCalStatus, PrimaryCareDecision, Role,
};

pub use desk::{Desk, RUNGS, person, refused_by, reviewer_actor, service};

/// The provider asked for.
pub const ASKED_FOR: &str = "1234567893";
/// A network alternative.
pub const ALTERNATIVE: &str = "1993999998";
/// Someone else outside the network.
pub const ELSEWHERE: &str = "1245319599";
/// Monday 2 March 2026, 10:00 in Los Angeles. The fifth business day is the Monday after, when the clocks have gone
/// forward.
pub const RECEIVED: &str = "2026-03-02T18:00:00Z";
/// The end of that fifth business day, which is the seventh calendar day too.
pub const MEMBER_DUE: &str = "2026-03-10T07:00:00Z";

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

pub fn npi(text: &str) -> Npi {
    Npi::parse(text).expect("an NPI with its check digit")
}

pub const MICROSECOND: TimeDelta = TimeDelta::microseconds(1);

/// A request for a certified and qualified provider outside the network, where the network has no one.
pub fn request() -> SecondOpinion {
    SecondOpinion {
        member: Member {
            member_id: Cin::parse("90000000A").expect("a CIN"),
            full_name: "Ann Member".into(),
            address_lines: vec!["1 Main Street".into()],
            preferred_language: LanguageTag::english(),
            alternative_format: AlternativeFormat::OrdinaryPrint,
            spoken_language: None,
            confidential_address_lines: Vec::new(),
        },
        requesters: vec![Requester::Member],
        reasons: Vec::new(),
        clinical_context: ClinicalContext::default(),
        requested_provider: Some(asked_for()),
        network_availability: Some(not_available()),
        primary_care_decision: PrimaryCareDecision::Unknown,
        urgency_claim: None,
        received_at: at(RECEIVED),
        referral_number: String::new(),
        treatment_authorization_number: String::new(),
        specialty_wanted: Private::default(),
    }
}

pub fn urgent_request() -> SecondOpinion {
    SecondOpinion {
        urgency_claim: Some(claim()),
        ..request()
    }
}

pub fn claim() -> UrgencyClaim {
    UrgencyClaim {
        psychological_jeopardy: Private::default(),
        practitioner_opinion: None,
        functional_jeopardy: "waiting would do harm".into(),
    }
}

pub fn asked_for() -> Provider {
    Provider {
        npi: Some(npi(ASKED_FOR)),
        name: "Dr. Asked For".to_owned(),
        ..certified_and_qualified()
    }
}

/// A provider outside the network without a name.
pub fn certified_and_qualified() -> Provider {
    Provider {
        network_status: NetworkStatus::OutOfNetwork,
        medi_cal_status: MediCalStatus::Certified,
        role: Role::Specialist,
        within_scope: Answer::Yes,
        relevant_expertise: Answer::Yes,
        ..Provider::default()
    }
}

pub fn elsewhere() -> Provider {
    Provider {
        npi: Some(npi(ELSEWHERE)),
        name: "Dr. Elsewhere".to_owned(),
        ..certified_and_qualified()
    }
}

/// A provider by NPI alone.
pub fn by_npi(text: &str) -> Provider {
    Provider {
        npi: Some(npi(text)),
        ..Provider::default()
    }
}

/// A provider by name alone.
pub fn by_name(name: &str) -> Provider {
    Provider {
        name: name.to_owned(),
        ..Provider::default()
    }
}

pub fn alternative(npi_text: &str, name: &str) -> NetworkAlternative {
    NetworkAlternative {
        npi: Npi::parse(npi_text),
        name: name.to_owned(),
        phone: "(707) 555-0100".to_owned(),
        address_lines: vec!["2 Network Way".to_owned()],
        taxonomy_code: None,
        first_appointment: None,
    }
}

pub fn available() -> NetworkAvailability {
    NetworkAvailability {
        availability: Availability::Available,
        alternatives: vec![alternative(ALTERNATIVE, "Dr. Alternative")],
        verification: None,
    }
}

pub fn not_available() -> NetworkAvailability {
    NetworkAvailability {
        availability: Availability::NotAvailable,
        alternatives: Vec::new(),
        verification: None,
    }
}

pub fn representative(name: &str, authorization_on_file: bool) -> Requester {
    Requester::AuthorizedRepresentative(Representative {
        full_name: name.into(),
        relationship: Private::default(),
        basis: AuthorityBasis::Unknown,
        authorization_on_file,
        phone: Private::default(),
    })
}

pub fn professional(npi_text: &str, name: &str) -> Requester {
    Requester::HealthProfessional(HealthProfessional {
        npi: Npi::parse(npi_text),
        full_name: name.into(),
        phone: Private::default(),
        fax: Private::default(),
    })
}

/// Facts about no one and nothing.
pub fn nothing_new() -> Verify {
    Verify {
        provider: None,
        network_availability: None,
        member: None,
    }
}

pub fn provider_facts(provider: Provider) -> Verify {
    Verify {
        provider: Some(provider),
        ..nothing_new()
    }
}

/// What makes a case go the network way ([`available`]) is that the provider asked for is not qualified or in the
/// network; so both facts come together.
pub fn network(availability: NetworkAvailability) -> Verify {
    let network_status = match availability.availability {
        Availability::Available => NetworkStatus::InNetwork,
        Availability::NotAvailable | Availability::Unknown => NetworkStatus::OutOfNetwork,
    };
    Verify {
        provider: Some(Provider {
            network_status,
            ..Provider::default()
        }),
        network_availability: Some(availability),
        member: None,
    }
}

pub fn reviewer(license_number: &str) -> Reviewer {
    Reviewer {
        full_name: "Rae Viewer".to_owned(),
        title: "Medical Director".to_owned(),
        license: Some(License {
            kind: LicenseType::Md,
            number: license_number.into(),
            state: "CA".to_owned(),
        }),
        phone: "(707) 555-0199".to_owned(),
        specialty: String::new(),
    }
}

pub fn approval() -> Approve {
    Approve {
        provider: None,
        reviewer: reviewer("A1"),
        rationale: "the facts bear it".into(),
        valid_from: None,
        valid_through: "2027-03-31".parse().expect("a day"),
        authorization_number: String::new(),
        member_agreement: None,
        service_code: None,
        units: 1,
    }
}

pub fn denial(codes: &[DenialReasonCode], referral: Option<Provider>) -> Deny {
    Deny {
        reasons: codes.iter().map(|code| reason(*code)).collect(),
        reviewer: LicensedReviewer::new(reviewer("A1")).expect("a licence"),
        referral,
    }
}

pub fn reason(code: DenialReasonCode) -> DenialReason {
    DenialReason {
        code,
        explanation: "why, in plain words".into(),
        clinical_rationale: "why, clinically".into(),
        criteria: Vec::new(),
        evidence: "what was asked of whom and when".into(),
        authority: "a rule elsewhere".into(),
        translations: Vec::new(),
    }
}
