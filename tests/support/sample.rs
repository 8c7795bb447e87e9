//! Sample requests with fictional members and providers, with well-formed numbers.

use chrono::{DateTime, Duration, Utc};
use second_opinion::case::{
    AlternativeFormat, Approve, Cin, ClinicalContext, DenialReason, Deny, IcdCode, LanguageTag,
    License, LicenseType, LicensedReviewer, Member, NetworkAlternative, NetworkAvailability,
    NetworkStatus, Npi, Private, Provider, RequestReason, Requester, Reviewer, SecondOpinion,
    UrgencyClaim, Verify, Withdraw,
};
use second_opinion::rules::{
    Answer, Availability, DenialReasonCode, MediCalStatus, PrimaryCareDecision, Reason, Role,
};

/// NPIs with a valid check digit, for fictional providers.
pub const NPIS: [&str; 3] = ["1234567893", "1993999998", "1245319599"];

/// A Monday morning in California.
pub fn start() -> DateTime<Utc> {
    "2026-03-02T17:00:00Z".parse().expect("an instant")
}

/// Some milliseconds after [`start`].
pub fn later(milliseconds: i64) -> DateTime<Utc> {
    start() + Duration::milliseconds(milliseconds)
}

/// The instant at which a percentage of an urgent request's 72 hours has passed.
pub fn urgent_gone(percent: i32) -> DateTime<Utc> {
    start() + Duration::hours(72) * percent / 100
}

/// The CIN of the `n`th member: `90000001A`, `90000002A`, …
pub fn cin(n: u32) -> Cin {
    Cin::parse(&format!("9{n:07}A")).expect("a CIN")
}

pub fn npi(n: usize) -> Npi {
    Npi::parse(NPIS[n]).expect("an NPI")
}

/// A certified and qualified provider outside of the network.
pub fn provider() -> Provider {
    Provider {
        npi: Some(npi(0)),
        name: "Sample Outside Clinic".to_owned(),
        network_status: NetworkStatus::OutOfNetwork,
        medi_cal_status: MediCalStatus::Certified,
        role: Role::Specialist,
        within_scope: Answer::Yes,
        relevant_expertise: Answer::Yes,
        ..Provider::default()
    }
}

/// A network with an available provider.
pub fn network() -> NetworkAvailability {
    NetworkAvailability {
        availability: Availability::Available,
        alternatives: vec![NetworkAlternative {
            npi: Some(npi(1)),
            name: "Sample Network Clinic".to_owned(),
            phone: "(707) 555-0100".to_owned(),
            address_lines: vec![
                "1 Sample Street".to_owned(),
                "Fairfield, CA 94534".to_owned(),
            ],
            taxonomy_code: None,
            first_appointment: None,
        }],
        verification: None,
    }
}

/// The `n`th member's request for a provider outside of the network, which needs review.
pub fn request(n: u32, received_at: DateTime<Utc>) -> SecondOpinion {
    SecondOpinion {
        member: Member {
            member_id: cin(n),
            full_name: Private::from("Sample Member"),
            address_lines: vec![
                Private::from("100 Sample Lane"),
                Private::from("Fairfield, CA 94534"),
            ],
            preferred_language: LanguageTag::english(),
            alternative_format: AlternativeFormat::OrdinaryPrint,
            spoken_language: None,
            confidential_address_lines: Vec::new(),
        },
        requesters: vec![Requester::Member],
        reasons: vec![RequestReason {
            code: Some(Reason::DiagnosisInDoubt),
            threats: Vec::new(),
            detail: Private::from("The findings do not agree with each other."),
        }],
        clinical_context: ClinicalContext {
            diagnosis_codes: IcdCode::parse("M54.5").into_iter().collect(),
            procedure_codes: Vec::new(),
            summary: Private::from("Back pain for a year; two opinions on its cause."),
            initiating_professional_npi: Some(npi(2)),
        },
        requested_provider: Some(provider()),
        network_availability: Some(network()),
        primary_care_decision: PrimaryCareDecision::Unknown,
        urgency_claim: None,
        received_at,
        referral_number: format!("RAF-{n}"),
        treatment_authorization_number: String::new(),
        specialty_wanted: Private::from("Orthopedic surgery"),
    }
}

/// The same request, urgent.
pub fn urgent_request(n: u32, received_at: DateTime<Utc>) -> SecondOpinion {
    SecondOpinion {
        urgency_claim: Some(UrgencyClaim {
            psychological_jeopardy: Private::from("The wait itself does harm."),
            practitioner_opinion: None,
            functional_jeopardy: Private::default(),
        }),
        ..request(n, received_at)
    }
}

/// A verification of the network's availability.
pub fn verify() -> Verify {
    Verify {
        provider: None,
        network_availability: Some(network()),
        member: None,
    }
}

pub fn withdraw() -> Withdraw {
    Withdraw {
        withdrawn_by: Requester::Member,
        reason: Private::from("No longer wanted."),
    }
}

pub fn reviewer() -> Reviewer {
    Reviewer {
        full_name: "Sample Reviewer".to_owned(),
        title: "Medical Director".to_owned(),
        license: Some(License {
            kind: LicenseType::Md,
            number: Private::from("A00000"),
            state: "CA".to_owned(),
        }),
        phone: "(707) 555-0101".to_owned(),
        specialty: String::new(),
    }
}

/// A denial because the network has a provider, with a referral to that provider.
pub fn deny() -> Deny {
    Deny {
        reasons: vec![DenialReason {
            code: DenialReasonCode::QualifiedNetworkProviderAvailable,
            explanation: Private::from("A doctor in the plan can give this opinion."),
            clinical_rationale: Private::from("The network clinic treats this condition."),
            criteria: vec![Private::from("Sample criteria, section 1")],
            evidence: Private::default(),
            authority: Private::default(),
            translations: Vec::new(),
        }],
        reviewer: LicensedReviewer::new(reviewer()).expect("a license"),
        referral: Some(Provider {
            npi: Some(npi(1)),
            medi_cal_status: MediCalStatus::Certified,
            role: Role::Specialist,
            within_scope: Answer::Yes,
            relevant_expertise: Answer::Yes,
            ..Provider::default()
        }),
    }
}

/// An approval of the requested provider.
pub fn approve() -> Approve {
    Approve {
        provider: None,
        reviewer: reviewer(),
        rationale: Private::from("Certified, qualified, and no one in the network."),
        valid_from: None,
        valid_through: "2026-09-30".parse().expect("a day"),
        authorization_number: String::new(),
        member_agreement: None,
        service_code: None,
        units: 1,
    }
}
