//! Parses a submission.

use chrono::{DateTime, Utc};

use super::change::Change;
use super::path::At;
use super::people::{member, npi, requesters};
use super::provider::{named_provider, network_availability};
use super::violations::Violations;
use crate::case::{
    ClinicalContext, IcdCode, Npi, PractitionerOpinion, ProcedureCode, RequestReason,
    SecondOpinion, UrgencyClaim,
};
use crate::error::Malformed;
use crate::rules::{Calendar, FIRST_ADOPTED, PrimaryCareDecision, Reason, Threat};
use crate::wire::v1;

/// Parses a submission.
///
/// # Errors
/// Fails with every violation of the message.
pub fn submit(
    message: v1::SubmitSecondOpinionRequest,
    now: DateTime<Utc>,
    calendar: &Calendar,
) -> Result<Change<SecondOpinion>, Malformed> {
    let mut v = Violations::default();
    let request_id = v.uuid(At::top("request_id"), &message.request_id);
    let request = request(&mut v, message.second_opinion, now, calendar);
    let change = request_id.zip(request).map(|(request_id, command)| Change {
        request_id,
        determination_id: uuid::Uuid::nil(),
        etag: String::new(),
        command,
    });
    v.finish(change)
}

/// Parses the request of `EvaluateSecondOpinion`; `now` stands in for the server's clock.
///
/// # Errors
/// Fails with every violation of the message.
pub fn second_opinion(
    message: Option<Box<v1::SecondOpinion>>,
    now: DateTime<Utc>,
    calendar: &Calendar,
) -> Result<SecondOpinion, Malformed> {
    let mut v = Violations::default();
    let request = request(&mut v, message, now, calendar);
    v.finish(request)
}

fn request(
    v: &mut Violations,
    message: Option<Box<v1::SecondOpinion>>,
    now: DateTime<Utc>,
    calendar: &Calendar,
) -> Option<SecondOpinion> {
    let at = At::top("second_opinion");
    let Some(message) = message else {
        v.add(at, "is required");
        return None;
    };
    let received_at = v.instant(at.field("received_at"), message.received_at.as_ref());
    if let Some(received) = received_at {
        v.reject_future(at.field("received_at"), received, now);
        if calendar.day_of(received) < FIRST_ADOPTED {
            v.add(
                at.field("received_at"),
                format!("must not be before {FIRST_ADOPTED}, when the policy was adopted"),
            );
        }
    }
    let member = member(v, at.field("member"), message.member);
    let requesters = requesters(v, at.field("requesters"), &message.requesters);
    let at_reasons = at.field("reasons");
    let reasons = v.list(at_reasons, &message.reasons);
    let reasons = reasons
        .iter()
        .enumerate()
        .map(|(i, reason)| given_reason(v, at_reasons.index(i), reason))
        .collect();
    let at_provider = at.field("requested_provider");
    let requested_provider = message
        .requested_provider
        .map(|message| named_provider(v, at_provider, &message));
    let at_network = at.field("network_availability");
    let clinical_context =
        clinical_context(v, at.field("clinical_context"), message.clinical_context);
    let network_availability = message
        .network_availability
        .map(|message| network_availability(v, at_network, &message));
    let primary_care_decision = match v.enumeration(
        at.field("primary_care_decision"),
        message.primary_care_decision,
    ) {
        v1::PrimaryCareDecision::Unspecified => PrimaryCareDecision::Unknown,
        v1::PrimaryCareDecision::Granted => PrimaryCareDecision::Granted,
        v1::PrimaryCareDecision::NotGranted => PrimaryCareDecision::NotGranted,
    };
    let urgency_claim = message
        .urgency_claim
        .and_then(|claim| urgency_claim(v, at.field("urgency_claim"), &claim));
    let referral_number = v.line(at.field("referral_number"), &message.referral_number);
    let treatment_authorization_number = v.line(
        at.field("treatment_authorization_number"),
        &message.treatment_authorization_number,
    );
    let specialty_wanted = v.private_line(at.field("specialty_wanted"), &message.specialty_wanted);
    // The member is unwrapped last, so that no violation in the fields above is missed.
    Some(SecondOpinion {
        member: member?,
        requesters,
        reasons,
        clinical_context,
        requested_provider,
        network_availability,
        primary_care_decision,
        urgency_claim,
        received_at: received_at.unwrap_or(now),
        referral_number,
        treatment_authorization_number,
        specialty_wanted,
    })
}

fn given_reason(v: &mut Violations, at: At<'_>, message: &v1::RequestReason) -> RequestReason {
    let code = match v.enumeration(at.field("code"), message.code) {
        v1::ReasonCode::Unspecified => None,
        v1::ReasonCode::ReasonablenessOrNecessity => Some(Reason::ReasonablenessOrNecessity),
        v1::ReasonCode::SeriousCondition => Some(Reason::SeriousCondition),
        v1::ReasonCode::DiagnosisInDoubt => Some(Reason::DiagnosisInDoubt),
        v1::ReasonCode::TreatmentNotImproving => Some(Reason::TreatmentNotImproving),
        v1::ReasonCode::SeriousDoubts => Some(Reason::SeriousDoubts),
        v1::ReasonCode::Other => Some(Reason::Other),
    };
    let at_threats = at.field("threats");
    let threats = v.list(at_threats, &message.threats);
    let threats = threats
        .iter()
        .enumerate()
        .filter_map(
            |(index, number)| match v.enumeration(at_threats.index(index), *number) {
                v1::Threat::Unspecified => None,
                v1::Threat::Life => Some(Threat::Life),
                v1::Threat::Limb => Some(Threat::Limb),
                v1::Threat::BodilyFunction => Some(Threat::BodilyFunction),
                v1::Threat::Impairment => Some(Threat::Impairment),
                v1::Threat::SeriousChronicCondition => Some(Threat::SeriousChronicCondition),
            },
        )
        .collect();
    RequestReason {
        code,
        threats,
        detail: v.text(at.field("detail"), &message.detail),
    }
}

fn clinical_context(
    v: &mut Violations,
    at: At<'_>,
    message: Option<v1::ClinicalContext>,
) -> ClinicalContext {
    let Some(message) = message else {
        return ClinicalContext::default();
    };
    let at_diagnoses = at.field("diagnosis_codes");
    let diagnoses = v.list(at_diagnoses, &message.diagnosis_codes);
    let diagnosis_codes = diagnoses
        .iter()
        .enumerate()
        .filter_map(|(i, code)| {
            v.required_identifier(
                at_diagnoses.index(i),
                code,
                IcdCode::parse,
                IcdCode::EXPECTED,
            )
        })
        .collect();
    let at_procedures = at.field("procedure_codes");
    let procedures = v.list(at_procedures, &message.procedure_codes);
    let procedure_codes = procedures
        .iter()
        .enumerate()
        .filter_map(|(i, code)| procedure_code(v, at_procedures.index(i), code, true))
        .collect();
    ClinicalContext {
        diagnosis_codes,
        procedure_codes,
        summary: v.text(at.field("summary"), &message.summary),
        initiating_professional_npi: npi(
            v,
            at.field("initiating_professional_npi"),
            &message.initiating_professional_npi,
        ),
    }
}

pub(super) fn procedure_code(
    v: &mut Violations,
    at: At<'_>,
    text: &str,
    required: bool,
) -> Option<ProcedureCode> {
    if required {
        v.required_identifier(at, text, ProcedureCode::parse, ProcedureCode::EXPECTED)
    } else {
        v.identifier(at, text, ProcedureCode::parse, ProcedureCode::EXPECTED)
    }
}

pub(super) fn urgency_claim(
    v: &mut Violations,
    at: At<'_>,
    message: &v1::UrgencyClaim,
) -> Option<UrgencyClaim> {
    let at_opinion = at.field("practitioner_opinion");
    let practitioner_opinion = message.practitioner_opinion.as_ref().map(|message| {
        let npi = v.required_identifier(
            at_opinion.field("npi"),
            &message.npi,
            Npi::parse,
            Npi::EXPECTED,
        );
        let statement = v.required_text(at_opinion.field("statement"), &message.statement);
        npi.map(|npi| PractitionerOpinion { npi, statement })
    });
    let claim = UrgencyClaim {
        psychological_jeopardy: v.text(
            at.field("psychological_jeopardy"),
            &message.psychological_jeopardy,
        ),
        practitioner_opinion: practitioner_opinion.clone().flatten(),
        functional_jeopardy: v.text(
            at.field("functional_jeopardy"),
            &message.functional_jeopardy,
        ),
    };
    if practitioner_opinion.is_none()
        && claim.psychological_jeopardy.is_empty()
        && claim.functional_jeopardy.is_empty()
    {
        v.add(at, "must have at least one claim: psychological_jeopardy, practitioner_opinion or functional_jeopardy");
        return None;
    }
    Some(claim)
}
