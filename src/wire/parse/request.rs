//! Are a submission, a verification, an expedite request and a withdrawal well formed?

use chrono::{DateTime, TimeDelta, Utc};

use super::provider::{named_provider, network_availability, provider};
use super::{At, Change, Malformed, Violations};
use crate::case::{
    AlternativeFormat, AuthorityBasis, Cin, ClinicalContext, Expedite, GivenReason,
    HealthProfessional, IcdCode, LanguageTag, Member, MemberCorrection, MemberRest, Npi,
    PractitionerOpinion, Private, ProcedureCode, Representative, Requester, SecondOpinion,
    UrgencyClaim, Verify, Withdraw,
};
use crate::rules::{Calendar, FIRST_ADOPTED, PrimaryCareDecision, Reason, Threat};
use crate::wire::v1;

/// As far as a received instant may be ahead of the server's clock, in seconds.
const AHEAD_SECONDS_MAX: i64 = 60;

/// A submission.
///
/// # Errors
/// Everything that is wrong with the message.
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

/// A request by itself, as `EvaluateSecondOpinion` takes it; `now` stands in for the server's clock.
///
/// # Errors
/// Everything that is wrong with the message.
pub fn second_opinion(
    message: Option<v1::SecondOpinion>,
    now: DateTime<Utc>,
    calendar: &Calendar,
) -> Result<SecondOpinion, Malformed> {
    let mut v = Violations::default();
    let request = request(&mut v, message, now, calendar);
    v.finish(request)
}

fn request(
    v: &mut Violations,
    message: Option<v1::SecondOpinion>,
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
        check_received(v, at.field("received_at"), received, now);
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
    // Only now, that nothing which follows may stay unlooked at.
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

fn check_received(v: &mut Violations, at: At<'_>, received: DateTime<Utc>, now: DateTime<Utc>) {
    if received > now + TimeDelta::seconds(AHEAD_SECONDS_MAX) {
        v.add(
            at,
            format!(
                "must not be more than {AHEAD_SECONDS_MAX} seconds ahead of the server's clock"
            ),
        );
    }
}

fn member(v: &mut Violations, at: At<'_>, message: Option<v1::Member>) -> Option<Member> {
    let Some(message) = message else {
        v.add(at, "is required");
        return None;
    };
    let member_id = v.required_identifier(
        at.field("member_id"),
        &message.member_id,
        Cin::parse,
        Cin::EXPECTED,
    );
    let rest = member_rest(v, at, &message);
    Some(Member {
        member_id: member_id?,
        full_name: rest.full_name,
        address_lines: rest.address_lines,
        preferred_language: rest.preferred_language,
        alternative_format: rest.alternative_format,
        spoken_language: rest.spoken_language,
        confidential_address_lines: rest.confidential_address_lines,
    })
}

fn member_rest(v: &mut Violations, at: At<'_>, message: &v1::Member) -> MemberRest {
    MemberRest {
        full_name: v.private_line(at.field("full_name"), &message.full_name),
        address_lines: v.private_lines(at.field("address_lines"), &message.address_lines),
        preferred_language: language(
            v,
            at.field("preferred_language"),
            &message.preferred_language,
        )
        .unwrap_or_else(LanguageTag::english),
        alternative_format: match v
            .enumeration(at.field("alternative_format"), message.alternative_format)
        {
            v1::AlternativeFormat::Unspecified => AlternativeFormat::OrdinaryPrint,
            v1::AlternativeFormat::LargePrint => AlternativeFormat::LargePrint,
            v1::AlternativeFormat::Audio => AlternativeFormat::Audio,
            v1::AlternativeFormat::Braille => AlternativeFormat::Braille,
            v1::AlternativeFormat::DataCd => AlternativeFormat::DataCd,
        },
        spoken_language: language(v, at.field("spoken_language"), &message.spoken_language),
        confidential_address_lines: v.private_lines(
            at.field("confidential_address_lines"),
            &message.confidential_address_lines,
        ),
    }
}

pub(super) fn language(v: &mut Violations, at: At<'_>, text: &str) -> Option<LanguageTag> {
    v.identifier(at, text, LanguageTag::parse, LanguageTag::EXPECTED)
}

pub(super) fn npi(v: &mut Violations, at: At<'_>, text: &str) -> Option<Npi> {
    v.identifier(at, text, Npi::parse, Npi::EXPECTED)
}

fn requesters(v: &mut Violations, at: At<'_>, messages: &[v1::Requester]) -> Vec<Requester> {
    if messages.is_empty() {
        v.add(at, "at least one is required");
    }
    let messages = v.list(at, messages);
    messages
        .iter()
        .enumerate()
        .filter_map(|(index, message)| requester(v, at.index(index), message))
        .collect()
}

fn requester(v: &mut Violations, at: At<'_>, message: &v1::Requester) -> Option<Requester> {
    use v1::requester::Kind;
    match &message.kind {
        None => {
            v.add(at, "must say which kind of requester it is: member, authorized_representative or health_professional");
            None
        }
        Some(Kind::Member(_)) => Some(Requester::Member),
        Some(Kind::AuthorizedRepresentative(message)) => {
            let at = at.field("authorized_representative");
            Some(Requester::AuthorizedRepresentative(Representative {
                full_name: v.private_line(at.field("full_name"), &message.full_name),
                relationship: v.private_line(at.field("relationship"), &message.relationship),
                basis: match v.enumeration(at.field("basis"), message.basis) {
                    v1::AuthorityBasis::Unspecified => AuthorityBasis::Unknown,
                    v1::AuthorityBasis::WrittenDesignation => AuthorityBasis::WrittenDesignation,
                    v1::AuthorityBasis::ParentOfMinor => AuthorityBasis::ParentOfMinor,
                    v1::AuthorityBasis::Guardian => AuthorityBasis::Guardian,
                    v1::AuthorityBasis::Conservator => AuthorityBasis::Conservator,
                    v1::AuthorityBasis::HealthCareAgent => AuthorityBasis::HealthCareAgent,
                },
                authorization_on_file: message.authorization_on_file,
                phone: Private(v.phone(at.field("phone"), &message.phone)),
            }))
        }
        Some(Kind::HealthProfessional(message)) => {
            let at = at.field("health_professional");
            Some(Requester::HealthProfessional(HealthProfessional {
                npi: npi(v, at.field("npi"), &message.npi),
                full_name: v.private_line(at.field("full_name"), &message.full_name),
                phone: Private(v.phone(at.field("phone"), &message.phone)),
                fax: Private(v.phone(at.field("fax"), &message.fax)),
            }))
        }
    }
}

fn given_reason(v: &mut Violations, at: At<'_>, message: &v1::RequestReason) -> GivenReason {
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
    GivenReason {
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

fn urgency_claim(
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
        v.add(at, "needs at least one claim: psychological_jeopardy, practitioner_opinion or functional_jeopardy");
        return None;
    }
    Some(claim)
}

/// Facts learned after submission.
///
/// # Errors
/// Everything that is wrong with the message.
pub fn record_verification(
    message: &v1::RecordVerificationRequest,
) -> Result<Change<Verify>, Malformed> {
    let mut v = Violations::default();
    let ids = change_ids(&mut v, &message.request_id, &message.determination_id);
    let command = Verify {
        provider: message
            .provider
            .as_ref()
            .map(|message| provider(&mut v, At::top("provider"), message)),
        network_availability: message
            .network_availability
            .as_ref()
            .map(|message| network_availability(&mut v, At::top("network_availability"), message)),
        member: message.member.as_ref().map(|message| {
            let at = At::top("member");
            MemberCorrection {
                member_id: v.identifier(
                    at.field("member_id"),
                    &message.member_id,
                    Cin::parse,
                    Cin::EXPECTED,
                ),
                rest: member_rest(&mut v, at, message),
            }
        }),
    };
    let change = ids.map(|ids| ids.with(&message.etag, command));
    v.finish(change)
}

/// A claim that a request is urgent, made later.
///
/// # Errors
/// Everything that is wrong with the message.
pub fn expedite(
    message: &v1::ExpediteSecondOpinionRequest,
    now: DateTime<Utc>,
) -> Result<Change<Expedite>, Malformed> {
    let mut v = Violations::default();
    let ids = change_ids(&mut v, &message.request_id, &message.determination_id);
    let at = At::top("urgency_claim");
    let claim = match &message.urgency_claim {
        None => {
            v.add(at, "is required");
            None
        }
        Some(message) => urgency_claim(&mut v, at, message),
    };
    let received_at = v.instant(At::top("received_at"), message.received_at.as_ref());
    if let Some(received) = received_at {
        check_received(&mut v, At::top("received_at"), received, now);
    }
    let change = ids.zip(claim).map(|(ids, claim)| {
        ids.with(
            &message.etag,
            Expedite {
                claim,
                received_at: received_at.unwrap_or(now),
            },
        )
    });
    v.finish(change)
}

/// A withdrawal.
///
/// # Errors
/// Everything that is wrong with the message.
pub fn withdraw(message: &v1::WithdrawSecondOpinionRequest) -> Result<Change<Withdraw>, Malformed> {
    let mut v = Violations::default();
    let ids = change_ids(&mut v, &message.request_id, &message.determination_id);
    let at = At::top("withdrawn_by");
    let withdrawn_by = match &message.withdrawn_by {
        None => {
            v.add(at, "is required");
            None
        }
        Some(message) => requester(&mut v, at, message),
    };
    let reason = v.text(At::top("reason"), &message.reason);
    let change = ids.zip(withdrawn_by).map(|(ids, withdrawn_by)| {
        ids.with(
            &message.etag,
            Withdraw {
                withdrawn_by,
                reason,
            },
        )
    });
    v.finish(change)
}

/// The ids of a change to a case.
#[derive(Clone, Copy)]
pub(super) struct ChangeIds {
    request_id: uuid::Uuid,
    determination_id: uuid::Uuid,
}

impl ChangeIds {
    pub(super) fn with<T>(self, etag: &str, command: T) -> Change<T> {
        Change {
            request_id: self.request_id,
            determination_id: self.determination_id,
            etag: etag.to_owned(),
            command,
        }
    }
}

pub(super) fn change_ids(
    v: &mut Violations,
    request_id: &str,
    determination_id: &str,
) -> Option<ChangeIds> {
    let request_id = v.uuid(At::top("request_id"), request_id);
    let determination_id = v.uuid(At::top("determination_id"), determination_id);
    Some(ChangeIds {
        request_id: request_id?,
        determination_id: determination_id?,
    })
}
