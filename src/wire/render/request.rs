//! Renders a request for the FULL view: as submitted, with the facts verified since.

use super::values::{date, timestamp};
use crate::case::{
    AlternativeFormat, AuthorityBasis, ClinicalContext, Member, NetworkAlternative,
    NetworkAvailability, NetworkStatus, Npi, Private, Provider, RequestReason, Requester,
    SecondOpinion, Taxonomy, UrgencyClaim, Verification,
};
use crate::rules::{
    Answer, Availability, MediCalStatus, PrimaryCareDecision, Reason, Role, Threat,
};
use crate::wire::v1;

pub(super) fn second_opinion(request: &SecondOpinion) -> v1::SecondOpinion {
    v1::SecondOpinion {
        member: Some(member(&request.member)),
        requesters: request.requesters.iter().map(requester).collect(),
        reasons: request.reasons.iter().map(reason).collect(),
        clinical_context: (request.clinical_context != ClinicalContext::default())
            .then(|| clinical_context(&request.clinical_context)),
        requested_provider: request.requested_provider.as_ref().map(provider),
        network_availability: request
            .network_availability
            .as_ref()
            .map(network_availability),
        primary_care_decision: match request.primary_care_decision {
            PrimaryCareDecision::Unknown => v1::PrimaryCareDecision::Unspecified,
            PrimaryCareDecision::Granted => v1::PrimaryCareDecision::Granted,
            PrimaryCareDecision::NotGranted => v1::PrimaryCareDecision::NotGranted,
        }
        .into(),
        urgency_claim: request.urgency_claim.as_ref().map(urgency_claim),
        received_at: Some(timestamp(request.received_at)),
        referral_number: request.referral_number.clone(),
        treatment_authorization_number: request.treatment_authorization_number.clone(),
        specialty_wanted: request.specialty_wanted.0.clone(),
    }
}

fn texts(lines: &[Private]) -> Vec<String> {
    lines.iter().map(|line| line.0.clone()).collect()
}

pub(super) fn npi(npi: Option<&Npi>) -> String {
    npi.map(|npi| npi.as_str().to_owned()).unwrap_or_default()
}

fn member(member: &Member) -> v1::Member {
    v1::Member {
        member_id: member.member_id.as_str().to_owned(),
        full_name: member.full_name.0.clone(),
        address_lines: texts(&member.address_lines),
        preferred_language: member.preferred_language.as_str().to_owned(),
        alternative_format: match member.alternative_format {
            AlternativeFormat::OrdinaryPrint => v1::AlternativeFormat::Unspecified,
            AlternativeFormat::LargePrint => v1::AlternativeFormat::LargePrint,
            AlternativeFormat::Audio => v1::AlternativeFormat::Audio,
            AlternativeFormat::Braille => v1::AlternativeFormat::Braille,
            AlternativeFormat::DataCd => v1::AlternativeFormat::DataCd,
        }
        .into(),
        spoken_language: member
            .spoken_language
            .as_ref()
            .map(|tag| tag.as_str().to_owned())
            .unwrap_or_default(),
        confidential_address_lines: texts(&member.confidential_address_lines),
    }
}

pub(super) fn requester(requester: &Requester) -> v1::Requester {
    use v1::requester::Kind;
    let kind = match requester {
        Requester::Member => Kind::Member(v1::MemberRequester {}),
        Requester::AuthorizedRepresentative(by) => {
            Kind::AuthorizedRepresentative(v1::AuthorizedRepresentative {
                full_name: by.full_name.0.clone(),
                relationship: by.relationship.0.clone(),
                basis: match by.basis {
                    AuthorityBasis::Unknown => v1::AuthorityBasis::Unspecified,
                    AuthorityBasis::WrittenDesignation => v1::AuthorityBasis::WrittenDesignation,
                    AuthorityBasis::ParentOfMinor => v1::AuthorityBasis::ParentOfMinor,
                    AuthorityBasis::Guardian => v1::AuthorityBasis::Guardian,
                    AuthorityBasis::Conservator => v1::AuthorityBasis::Conservator,
                    AuthorityBasis::HealthCareAgent => v1::AuthorityBasis::HealthCareAgent,
                }
                .into(),
                authorization_on_file: by.authorization_on_file,
                phone: by.phone.0.clone(),
            })
        }
        Requester::HealthProfessional(by) => Kind::HealthProfessional(v1::HealthProfessional {
            npi: npi(by.npi.as_ref()),
            full_name: by.full_name.0.clone(),
            phone: by.phone.0.clone(),
            fax: by.fax.0.clone(),
        }),
    };
    v1::Requester { kind: Some(kind) }
}

fn reason(reason: &RequestReason) -> v1::RequestReason {
    v1::RequestReason {
        code: match reason.code {
            None => v1::ReasonCode::Unspecified,
            Some(Reason::ReasonablenessOrNecessity) => v1::ReasonCode::ReasonablenessOrNecessity,
            Some(Reason::SeriousCondition) => v1::ReasonCode::SeriousCondition,
            Some(Reason::DiagnosisInDoubt) => v1::ReasonCode::DiagnosisInDoubt,
            Some(Reason::TreatmentNotImproving) => v1::ReasonCode::TreatmentNotImproving,
            Some(Reason::SeriousDoubts) => v1::ReasonCode::SeriousDoubts,
            Some(Reason::Other) => v1::ReasonCode::Other,
        }
        .into(),
        threats: reason
            .threats
            .iter()
            .map(|threat| {
                match threat {
                    Threat::Life => v1::Threat::Life,
                    Threat::Limb => v1::Threat::Limb,
                    Threat::BodilyFunction => v1::Threat::BodilyFunction,
                    Threat::Impairment => v1::Threat::Impairment,
                    Threat::SeriousChronicCondition => v1::Threat::SeriousChronicCondition,
                }
                .into()
            })
            .collect(),
        detail: reason.detail.0.clone(),
    }
}

fn clinical_context(context: &ClinicalContext) -> v1::ClinicalContext {
    v1::ClinicalContext {
        diagnosis_codes: context
            .diagnosis_codes
            .iter()
            .map(|code| code.as_str().to_owned())
            .collect(),
        procedure_codes: context
            .procedure_codes
            .iter()
            .map(|code| code.as_str().to_owned())
            .collect(),
        summary: context.summary.0.clone(),
        initiating_professional_npi: npi(context.initiating_professional_npi.as_ref()),
    }
}

fn taxonomy(code: Option<&Taxonomy>) -> String {
    code.map(|code| code.as_str().to_owned())
        .unwrap_or_default()
}

pub(super) fn provider(provider: &Provider) -> v1::Provider {
    v1::Provider {
        npi: npi(provider.npi.as_ref()),
        name: provider.name.clone(),
        network_status: match provider.network_status {
            NetworkStatus::Unknown => v1::NetworkStatus::Unspecified,
            NetworkStatus::InNetwork => v1::NetworkStatus::InNetwork,
            NetworkStatus::OutOfNetwork => v1::NetworkStatus::OutOfNetwork,
        }
        .into(),
        medi_cal_status: match provider.medi_cal_status {
            MediCalStatus::Unknown => v1::MediCalStatus::Unspecified,
            MediCalStatus::Certified => v1::MediCalStatus::Certified,
            MediCalStatus::NotCertified => v1::MediCalStatus::NotCertified,
            MediCalStatus::SuspendedOrExcluded => v1::MediCalStatus::SuspendedOrExcluded,
        }
        .into(),
        role: match provider.role {
            Role::Unknown => v1::ProviderRole::Unspecified,
            Role::PrimaryCare => v1::ProviderRole::PrimaryCare,
            Role::Specialist => v1::ProviderRole::Specialist,
            Role::Other => v1::ProviderRole::Other,
        }
        .into(),
        within_scope: answer(provider.within_scope).into(),
        relevant_expertise: answer(provider.relevant_expertise).into(),
        taxonomy_code: taxonomy(provider.taxonomy_code.as_ref()),
        expertise: provider.expertise.0.clone(),
        phone: provider.phone.clone(),
        address_lines: provider.address_lines.clone(),
        verification: provider.verification.as_ref().map(verification),
    }
}

fn answer(answer: Answer) -> v1::Answer {
    match answer {
        Answer::Unknown => v1::Answer::Unspecified,
        Answer::Yes => v1::Answer::Yes,
        Answer::No => v1::Answer::No,
    }
}

fn verification(verification: &Verification) -> v1::Verification {
    v1::Verification {
        source: verification.source.0.clone(),
        checked_at: verification.checked_at.map(timestamp),
    }
}

fn network_availability(network: &NetworkAvailability) -> v1::NetworkAvailability {
    v1::NetworkAvailability {
        availability: match network.availability {
            Availability::Unknown => v1::Availability::Unspecified,
            Availability::Available => v1::Availability::Available,
            Availability::NotAvailable => v1::Availability::NotAvailable,
        }
        .into(),
        alternatives: network.alternatives.iter().map(alternative).collect(),
        verification: network.verification.as_ref().map(verification),
    }
}

fn alternative(alternative: &NetworkAlternative) -> v1::NetworkAlternative {
    v1::NetworkAlternative {
        npi: npi(alternative.npi.as_ref()),
        name: alternative.name.clone(),
        phone: alternative.phone.clone(),
        address_lines: alternative.address_lines.clone(),
        taxonomy_code: taxonomy(alternative.taxonomy_code.as_ref()),
        first_appointment: alternative.first_appointment.map(date).unwrap_or_default(),
    }
}

fn urgency_claim(claim: &UrgencyClaim) -> v1::UrgencyClaim {
    v1::UrgencyClaim {
        psychological_jeopardy: claim.psychological_jeopardy.0.clone(),
        practitioner_opinion: claim.practitioner_opinion.as_ref().map(|opinion| {
            v1::PractitionerOpinion {
                npi: opinion.npi.as_str().to_owned(),
                statement: opinion.statement.0.clone(),
            }
        }),
        functional_jeopardy: claim.functional_jeopardy.0.clone(),
    }
}
