//! Request messages with fictional members and providers.

use prost_types::Timestamp;
use second_opinion::wire::v1::{self, requester};
use uuid::Uuid;

/// A provider outside the network.
pub const OUT_OF_NETWORK_NPI: &str = "1234567893";
/// A network provider.
pub const NETWORK_NPI: &str = "1993999998";
/// Another provider outside the network.
pub const OTHER_NPI: &str = "1245319599";

pub fn id() -> String {
    Uuid::now_v7().to_string()
}

pub fn timestamp(instant: &str) -> Timestamp {
    let instant: chrono::DateTime<chrono::Utc> = instant.parse().expect("an instant");
    second_opinion::wire::render::timestamp(instant)
}

pub fn member_requester() -> v1::Requester {
    v1::Requester {
        kind: Some(requester::Kind::Member(v1::MemberRequester {})),
    }
}

pub fn professional_requester() -> v1::Requester {
    let professional = v1::HealthProfessional {
        npi: OTHER_NPI.to_owned(),
        full_name: "Sample Professional".to_owned(),
        phone: "(707) 555-0144".to_owned(),
        fax: String::new(),
    };
    v1::Requester {
        kind: Some(requester::Kind::HealthProfessional(professional)),
    }
}

pub fn provider(npi: &str, status: v1::NetworkStatus) -> v1::Provider {
    v1::Provider {
        npi: npi.to_owned(),
        name: "Example Oncology Group".to_owned(),
        network_status: status.into(),
        medi_cal_status: v1::MediCalStatus::Certified.into(),
        role: v1::ProviderRole::Specialist.into(),
        within_scope: v1::Answer::Yes.into(),
        relevant_expertise: v1::Answer::Yes.into(),
        phone: "(916) 555-0110".to_owned(),
        address_lines: vec![
            "100 Example Street".to_owned(),
            "Sacramento, CA 95814".to_owned(),
        ],
        ..v1::Provider::default()
    }
}

pub fn alternative() -> v1::NetworkAlternative {
    v1::NetworkAlternative {
        npi: NETWORK_NPI.to_owned(),
        name: "Sample Network Clinic".to_owned(),
        phone: "(707) 555-0120".to_owned(),
        address_lines: vec![
            "200 Sample Avenue".to_owned(),
            "Fairfield, CA 94534".to_owned(),
        ],
        ..v1::NetworkAlternative::default()
    }
}

pub fn available() -> v1::NetworkAvailability {
    v1::NetworkAvailability {
        availability: v1::Availability::Available.into(),
        alternatives: vec![alternative()],
        verification: None,
    }
}

pub fn not_available() -> v1::NetworkAvailability {
    v1::NetworkAvailability {
        availability: v1::Availability::NotAvailable.into(),
        ..Default::default()
    }
}

/// A routine request for a provider outside the network, without unknown facts: the rules recommend approval.
pub fn second_opinion() -> v1::SecondOpinion {
    v1::SecondOpinion {
        member: Some(v1::Member {
            member_id: "90000001A".to_owned(),
            full_name: "Sample Member".to_owned(),
            address_lines: vec![
                "1 Sample Street".to_owned(),
                "Fairfield, CA 94534".to_owned(),
            ],
            ..v1::Member::default()
        }),
        requesters: vec![member_requester()],
        reasons: vec![v1::RequestReason {
            code: v1::ReasonCode::DiagnosisInDoubt.into(),
            detail: "Two scans disagree.".to_owned(),
            ..v1::RequestReason::default()
        }],
        clinical_context: Some(v1::ClinicalContext {
            diagnosis_codes: vec!["C50.911".to_owned()],
            summary: "A sample summary.".to_owned(),
            ..v1::ClinicalContext::default()
        }),
        requested_provider: Some(provider(
            OUT_OF_NETWORK_NPI,
            v1::NetworkStatus::OutOfNetwork,
        )),
        network_availability: Some(not_available()),
        ..v1::SecondOpinion::default()
    }
}

pub fn submission(second_opinion: v1::SecondOpinion) -> v1::SubmitSecondOpinionRequest {
    v1::SubmitSecondOpinionRequest {
        request_id: id(),
        second_opinion: Some(Box::new(second_opinion)),
    }
}

pub fn reviewer() -> v1::Reviewer {
    v1::Reviewer {
        full_name: "Sample Reviewer".to_owned(),
        title: "Medical Director".to_owned(),
        license_type: v1::LicenseType::Md.into(),
        license_number: "A000000".to_owned(),
        phone: "(707) 555-0199".to_owned(),
        ..v1::Reviewer::default()
    }
}

/// A denial because the network has a qualified provider.
pub fn denial(determination_id: &str) -> v1::IssueDenialRequest {
    v1::IssueDenialRequest {
        request_id: id(),
        determination_id: determination_id.to_owned(),
        reasons: vec![v1::DenialReason {
            code: v1::DenialReasonCode::QualifiedNetworkProviderAvailable.into(),
            explanation: "A qualified doctor in our network can give this opinion.".to_owned(),
            clinical_rationale: "The network specialist treats this condition.".to_owned(),
            ..v1::DenialReason::default()
        }],
        reviewer: Some(reviewer()),
        referral: Some(v1::Provider {
            npi: NETWORK_NPI.to_owned(),
            ..v1::Provider::default()
        }),
        ..v1::IssueDenialRequest::default()
    }
}

pub fn approval(determination_id: &str) -> v1::IssueApprovalRequest {
    v1::IssueApprovalRequest {
        request_id: id(),
        determination_id: determination_id.to_owned(),
        reviewer: Some(reviewer()),
        rationale: "No network specialist is available.".to_owned(),
        valid_through: "2027-02-28".to_owned(),
        ..v1::IssueApprovalRequest::default()
    }
}

pub fn get(determination_id: &str, view: v1::View) -> v1::GetDeterminationRequest {
    v1::GetDeterminationRequest {
        determination_id: determination_id.to_owned(),
        view: view.into(),
    }
}
