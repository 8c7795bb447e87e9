//! What does a whole request look like before a test bends it?

use chrono::{DateTime, Utc};
use second_opinion::case::{
    AlternativeFormat, Cin, ClinicalContext, LanguageTag, Member, NetworkAlternative,
    NetworkAvailability, NetworkStatus, Npi, Provider, RequestReason, Requester, SecondOpinion,
};
use second_opinion::rules::{
    Answer, Availability, MediCalStatus, PrimaryCareDecision, Reason, Role,
};

/// An instant with its offset: `2026-01-05T10:00:00-08:00`.
pub fn at(instant: &str) -> DateTime<Utc> {
    instant
        .parse()
        .unwrap_or_else(|error| panic!("{instant}: {error}"))
}

/// An NPI whose check digit is right.
pub fn npi(digits: &str) -> Npi {
    Npi::parse(digits).unwrap_or_else(|| panic!("{digits} is no NPI"))
}

/// A member with nothing but an id.
pub fn member() -> Member {
    Member {
        member_id: Cin::parse("90000000A").expect("the shape of a CIN"),
        full_name: "Ann Example".into(),
        address_lines: vec!["1 Main Street".into(), "Fairfield, CA 94534".into()],
        preferred_language: LanguageTag::english(),
        alternative_format: AlternativeFormat::default(),
        spoken_language: None,
        confidential_address_lines: Vec::new(),
    }
}

/// A specialist outside the network of whom everything is known, and nothing is against it.
pub fn provider() -> Provider {
    Provider {
        npi: Some(npi("1234567893")),
        name: "Dana Outside, MD".to_owned(),
        network_status: NetworkStatus::OutOfNetwork,
        medi_cal_status: MediCalStatus::Certified,
        role: Role::Specialist,
        within_scope: Answer::Yes,
        relevant_expertise: Answer::Yes,
        ..Provider::default()
    }
}

/// A network professional who can give the opinion.
pub fn alternative() -> NetworkAlternative {
    NetworkAlternative {
        npi: Some(npi("1245319599")),
        name: "Noor Inside, MD".to_owned(),
        phone: "(707) 555-0100".to_owned(),
        address_lines: Vec::new(),
        taxonomy_code: None,
        first_appointment: None,
    }
}

/// What is said of the network, with an alternative where one is available.
pub fn network(availability: Availability) -> NetworkAvailability {
    NetworkAvailability {
        availability,
        alternatives: match availability {
            Availability::Available => vec![alternative()],
            Availability::NotAvailable | Availability::Unknown => Vec::new(),
        },
        verification: None,
    }
}

/// A reason without further words.
pub fn reason(code: Reason) -> RequestReason {
    RequestReason {
        code: Some(code),
        threats: Vec::new(),
        detail: "".into(),
    }
}

/// A member asks on a Monday of an ordinary week for a specialist outside the network, where the network has no one:
/// routine, and every fact known.
pub fn request() -> SecondOpinion {
    SecondOpinion {
        member: member(),
        requesters: vec![Requester::Member],
        reasons: vec![reason(Reason::DiagnosisInDoubt)],
        clinical_context: ClinicalContext::default(),
        requested_provider: Some(provider()),
        network_availability: Some(network(Availability::NotAvailable)),
        primary_care_decision: PrimaryCareDecision::Unknown,
        urgency_claim: None,
        received_at: at("2026-01-05T10:00:00-08:00"),
        referral_number: String::new(),
        treatment_authorization_number: String::new(),
        specialty_wanted: "".into(),
    }
}
