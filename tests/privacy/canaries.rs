//! Messages with a canary in every field that the contract redacts. The members and providers are fictional.

use second_opinion::wire::v1;

use crate::support::messages::{
    approval, available, denial, id, not_available, provider, second_opinion,
};

/// The canary values in lower case. They may appear only in responses to callers with the scope for them.
pub const CANARIES: [&str; 9] = [
    "canary",
    "91234567c",
    "z99.89",
    "7777t",
    "8888u",
    CARE_NPI,
    "555-0177",
    "555-0178",
    "555-0179",
];
const MEMBER_ID: &str = "91234567C";
/// The NPI of the member's treating professional.
const CARE_NPI: &str = "1003000126";
/// The NPI of a requesting professional, which is not health information.
const REQUESTER_NPI: &str = "1245319599";
const OUT_OF_NETWORK_NPI: &str = "1234567893";

fn canary(name: &str) -> String {
    format!("canary {name}")
}

fn member() -> v1::Member {
    v1::Member {
        member_id: MEMBER_ID.to_owned(),
        full_name: canary("name"),
        address_lines: vec![canary("street"), canary("town")],
        preferred_language: "qaa-canary".to_owned(),
        alternative_format: v1::AlternativeFormat::LargePrint.into(),
        spoken_language: "qab-canary".to_owned(),
        confidential_address_lines: vec![canary("confidential")],
    }
}

fn representative() -> v1::Requester {
    let representative = v1::AuthorizedRepresentative {
        full_name: canary("representative"),
        relationship: canary("relationship"),
        phone: "(707) 555-0179".to_owned(),
        ..v1::AuthorizedRepresentative::default()
    };
    v1::Requester {
        kind: Some(v1::requester::Kind::AuthorizedRepresentative(
            representative,
        )),
    }
}

fn professional() -> v1::Requester {
    let professional = v1::HealthProfessional {
        npi: REQUESTER_NPI.to_owned(),
        full_name: canary("professional"),
        phone: "(707) 555-0177".to_owned(),
        fax: "(707) 555-0178".to_owned(),
    };
    v1::Requester {
        kind: Some(v1::requester::Kind::HealthProfessional(professional)),
    }
}

fn verification() -> v1::Verification {
    v1::Verification {
        source: canary("source"),
        checked_at: None,
    }
}

fn requested_provider() -> v1::Provider {
    v1::Provider {
        expertise: canary("expertise"),
        verification: Some(verification()),
        ..provider(OUT_OF_NETWORK_NPI, v1::NetworkStatus::OutOfNetwork)
    }
}

fn claim() -> v1::UrgencyClaim {
    v1::UrgencyClaim {
        psychological_jeopardy: canary("psychological"),
        practitioner_opinion: Some(v1::PractitionerOpinion {
            npi: CARE_NPI.to_owned(),
            statement: canary("opinion"),
        }),
        functional_jeopardy: canary("functional"),
    }
}

/// A routine request with a network availability.
fn second_opinion_with(network: v1::NetworkAvailability) -> v1::SecondOpinion {
    let mut request = v1::SecondOpinion {
        member: Some(member()),
        requesters: vec![professional(), representative()],
        requested_provider: Some(requested_provider()),
        network_availability: Some(v1::NetworkAvailability {
            verification: Some(verification()),
            ..network
        }),
        specialty_wanted: canary("specialty"),
        ..second_opinion()
    };
    request.reasons[0].detail = canary("detail");
    request.clinical_context = Some(v1::ClinicalContext {
        diagnosis_codes: vec!["Z99.89".to_owned()],
        procedure_codes: vec!["7777T".to_owned()],
        summary: canary("summary"),
        initiating_professional_npi: CARE_NPI.to_owned(),
    });
    request
}

pub fn submit(network_has_provider: bool) -> v1::SubmitSecondOpinionRequest {
    let network = if network_has_provider {
        available()
    } else {
        not_available()
    };
    v1::SubmitSecondOpinionRequest {
        request_id: id(),
        second_opinion: Some(Box::new(second_opinion_with(network))),
    }
}

pub fn evaluate() -> v1::EvaluateSecondOpinionRequest {
    v1::EvaluateSecondOpinionRequest {
        second_opinion: Some(Box::new(v1::SecondOpinion {
            urgency_claim: Some(claim()),
            ..second_opinion_with(not_available())
        })),
        as_of: None,
    }
}

pub fn list() -> v1::ListDeterminationsRequest {
    v1::ListDeterminationsRequest {
        member_id: MEMBER_ID.to_owned(),
        view: v1::View::Full.into(),
        ..v1::ListDeterminationsRequest::default()
    }
}

pub fn verify(determination_id: &str) -> v1::RecordVerificationRequest {
    v1::RecordVerificationRequest {
        request_id: id(),
        determination_id: determination_id.to_owned(),
        provider: Some(requested_provider()),
        network_availability: Some(available()),
        member: Some(member()),
        ..v1::RecordVerificationRequest::default()
    }
}

pub fn expedite(determination_id: &str) -> v1::ExpediteSecondOpinionRequest {
    v1::ExpediteSecondOpinionRequest {
        request_id: id(),
        determination_id: determination_id.to_owned(),
        urgency_claim: Some(claim()),
        ..v1::ExpediteSecondOpinionRequest::default()
    }
}

pub fn withdraw(determination_id: &str) -> v1::WithdrawSecondOpinionRequest {
    v1::WithdrawSecondOpinionRequest {
        request_id: id(),
        determination_id: determination_id.to_owned(),
        reason: canary("reason"),
        withdrawn_by: Some(representative()),
        ..v1::WithdrawSecondOpinionRequest::default()
    }
}

fn reviewer() -> v1::Reviewer {
    v1::Reviewer {
        license_number: canary("license"),
        ..crate::support::messages::reviewer()
    }
}

pub fn approve(determination_id: &str) -> v1::IssueApprovalRequest {
    v1::IssueApprovalRequest {
        reviewer: Some(reviewer()),
        rationale: canary("rationale"),
        member_agreement: Some(v1::MemberAgreement {
            agreed_at: None,
            how: canary("how"),
        }),
        service_code: "8888U".to_owned(),
        units: 1,
        ..approval(determination_id)
    }
}

pub fn deny(determination_id: &str, validate_only: bool) -> v1::IssueDenialRequest {
    let mut request = v1::IssueDenialRequest {
        reviewer: Some(reviewer()),
        validate_only,
        ..denial(determination_id)
    };
    let reason = &mut request.reasons[0];
    reason.explanation = canary("explanation");
    reason.clinical_rationale = canary("clinical rationale");
    reason.criteria = vec![canary("criterion")];
    reason.evidence = canary("evidence");
    reason.authority = canary("authority");
    reason.translations = vec![v1::Translation {
        language: "es".to_owned(),
        explanation: canary("explicación"),
        clinical_rationale: canary("razón"),
    }];
    request
}
