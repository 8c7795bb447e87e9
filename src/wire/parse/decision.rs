//! Parses an approval, a denial and a notification.

use chrono::{DateTime, Utc};

use super::change::Change;
use super::change::change_ids;
use super::path::At;
use super::people::language;
use super::provider::{named_provider, provider};
use super::request::procedure_code;
use super::violations::Violations;
use crate::case::{
    Approve, Channel, DenialReason, Deny, License, LicenseType, LicensedReviewer, MemberAgreement,
    Notification, Notify, Private, Recipient, Reviewer, Translation,
};
use crate::error::Malformed;
use crate::rules::DenialReasonCode;
use crate::wire::v1;

/// The parts that a reviewer must have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ReviewerRequirement {
    /// A name, a title and a phone number.
    Identity,
    /// A license too.
    License,
}

/// Parses an approval.
///
/// # Errors
/// Fails with every violation of the message.
pub fn issue_approval(
    message: &v1::IssueApprovalRequest,
    now: DateTime<Utc>,
) -> Result<Change<Approve>, Malformed> {
    let mut v = Violations::default();
    let ids = change_ids(&mut v, &message.request_id, &message.determination_id);
    let provider = message
        .provider
        .as_ref()
        .map(|message| provider(&mut v, At::top("provider"), message));
    let reviewer = reviewer(
        &mut v,
        message.reviewer.as_ref(),
        ReviewerRequirement::Identity,
    );
    let rationale = v.required_text(At::top("rationale"), &message.rationale);
    let valid_from = v.date(At::top("valid_from"), &message.valid_from);
    let valid_through = v.date(At::top("valid_through"), &message.valid_through);
    if message.valid_through.trim().is_empty() {
        v.add(
            At::top("valid_through"),
            "is required: a date as YYYY-MM-DD",
        );
    }
    if let (Some(from), Some(through)) = (valid_from, valid_through)
        && through < from
    {
        v.add(At::top("valid_through"), "must not be before valid_from");
    }
    let authorization_number = v.line(
        At::top("authorization_number"),
        &message.authorization_number,
    );
    let member_agreement = message.member_agreement.as_ref().map(|message| {
        let at = At::top("member_agreement");
        let agreed_at = v.instant(at.field("agreed_at"), message.agreed_at.as_ref());
        if let Some(agreed_at) = agreed_at {
            v.reject_future(at.field("agreed_at"), agreed_at, now);
        }
        MemberAgreement {
            agreed_at,
            how: v.text(at.field("how"), &message.how),
        }
    });
    let service_code = procedure_code(
        &mut v,
        At::top("service_code"),
        &message.service_code,
        false,
    );
    let units = u32::try_from(message.units).unwrap_or_else(|_| {
        v.add(At::top("units"), "must not be negative");
        0
    });
    let change = ids
        .zip(reviewer)
        .zip(valid_through)
        .map(|((ids, reviewer), valid_through)| {
            ids.with(
                &message.etag,
                Approve {
                    provider,
                    reviewer,
                    rationale,
                    valid_from,
                    valid_through,
                    authorization_number,
                    member_agreement,
                    service_code,
                    units: units.max(1),
                },
            )
        });
    v.finish(change)
}

/// Parses a denial.
///
/// # Errors
/// Fails with every violation of the message.
pub fn issue_denial(message: &v1::IssueDenialRequest) -> Result<Change<Deny>, Malformed> {
    let mut v = Violations::default();
    let ids = change_ids(&mut v, &message.request_id, &message.determination_id);
    let at = At::top("reasons");
    if message.reasons.is_empty() {
        v.add(at, "at least one is required");
    }
    let messages = v.list(at, &message.reasons);
    let reasons: Vec<DenialReason> = messages
        .iter()
        .enumerate()
        .filter_map(|(index, reason)| denial_reason(&mut v, at.index(index), reason))
        .collect();
    let reviewer = reviewer(
        &mut v,
        message.reviewer.as_ref(),
        ReviewerRequirement::License,
    )
    .and_then(LicensedReviewer::new);
    let referral = message
        .referral
        .as_ref()
        .map(|message| named_provider(&mut v, At::top("referral"), message));
    let change = ids.zip(reviewer).map(|(ids, reviewer)| {
        ids.with(
            &message.etag,
            Deny {
                reasons,
                reviewer,
                referral,
            },
        )
    });
    v.finish(change)
}

fn denial_reason(
    v: &mut Violations,
    at: At<'_>,
    message: &v1::DenialReason,
) -> Option<DenialReason> {
    use v1::DenialReasonCode as Wire;
    let code = match v.enumeration(at.field("code"), message.code) {
        Wire::Unspecified => None,
        Wire::QualifiedNetworkProviderAvailable => {
            Some(DenialReasonCode::QualifiedNetworkProviderAvailable)
        }
        Wire::ProviderNotMediCalCertified => Some(DenialReasonCode::ProviderNotMediCalCertified),
        Wire::ProviderNotQualified => Some(DenialReasonCode::ProviderNotQualified),
        Wire::ReasonNotSupported => Some(DenialReasonCode::ReasonNotSupported),
        Wire::InsufficientInformation => Some(DenialReasonCode::InsufficientInformation),
        Wire::MemberNotEligible => Some(DenialReasonCode::MemberNotEligible),
    };
    if message.code == 0 {
        v.add(at.field("code"), "is required");
    }
    let needs = |rule: fn(DenialReasonCode) -> bool| code.is_some_and(rule);
    let explanation = v.required_text(at.field("explanation"), &message.explanation);
    let clinical_rationale = text_required_if(
        v,
        at.field("clinical_rationale"),
        &message.clinical_rationale,
        needs(DenialReasonCode::needs_clinical_rationale),
    );
    let evidence = text_required_if(
        v,
        at.field("evidence"),
        &message.evidence,
        needs(DenialReasonCode::needs_evidence),
    );
    let authority = text_required_if(
        v,
        at.field("authority"),
        &message.authority,
        needs(DenialReasonCode::needs_authority),
    );
    let at_criteria = at.field("criteria");
    let criteria = v.list(at_criteria, &message.criteria);
    let criteria = criteria
        .iter()
        .enumerate()
        .map(|(i, text)| v.text(at_criteria.index(i), text))
        .collect();
    let at_translations = at.field("translations");
    let translations = v.list(at_translations, &message.translations);
    let has_rationale = !clinical_rationale.is_empty();
    let translations = translations
        .iter()
        .enumerate()
        .filter_map(|(index, message)| {
            translation(v, at_translations.index(index), message, has_rationale)
        })
        .collect();
    Some(DenialReason {
        code: code?,
        explanation,
        clinical_rationale,
        criteria,
        evidence,
        authority,
        translations,
    })
}

fn translation(
    v: &mut Violations,
    at: At<'_>,
    message: &v1::Translation,
    has_rationale: bool,
) -> Option<Translation> {
    let tag = language(v, at.field("language"), &message.language);
    if message.language.trim().is_empty() {
        v.add(at.field("language"), "is required");
    }
    let explanation = v.required_text(at.field("explanation"), &message.explanation);
    let clinical_rationale = text_required_if(
        v,
        at.field("clinical_rationale"),
        &message.clinical_rationale,
        has_rationale,
    );
    Some(Translation {
        language: tag?,
        explanation,
        clinical_rationale,
    })
}

fn text_required_if(v: &mut Violations, at: At<'_>, text: &str, required: bool) -> Private {
    if required {
        v.required_text(at, text)
    } else {
        v.text(at, text)
    }
}

fn reviewer(
    v: &mut Violations,
    message: Option<&v1::Reviewer>,
    requirement: ReviewerRequirement,
) -> Option<Reviewer> {
    let at = At::top("reviewer");
    let Some(message) = message else {
        v.add(at, "is required");
        return None;
    };
    let kind = match v.enumeration(at.field("license_type"), message.license_type) {
        v1::LicenseType::Unspecified => None,
        v1::LicenseType::Md => Some(LicenseType::Md),
        v1::LicenseType::Do => Some(LicenseType::Do),
        v1::LicenseType::OtherLicensedProfessional => Some(LicenseType::Other),
    };
    let number = v.private_line(at.field("license_number"), &message.license_number);
    if requirement == ReviewerRequirement::License {
        if message.license_type == 0 {
            v.add(
                at.field("license_type"),
                "is required: only a licensed professional may deny",
            );
        }
        if number.is_empty() {
            v.add(
                at.field("license_number"),
                "is required: only a licensed professional may deny",
            );
        }
    }
    let state = v.line(at.field("license_state"), &message.license_state);
    let license = kind.filter(|_| !number.is_empty()).map(|kind| License {
        kind,
        number,
        state: if state.is_empty() {
            "CA".to_owned()
        } else {
            state
        },
    });
    if message.phone.trim().is_empty() {
        v.add(at.field("phone"), "is required");
    }
    Some(Reviewer {
        full_name: v.required_line(at.field("full_name"), &message.full_name),
        title: v.required_line(at.field("title"), &message.title),
        license,
        phone: v.phone(at.field("phone"), &message.phone),
        specialty: v.line(at.field("specialty"), &message.specialty),
    })
}

/// Parses a notification.
///
/// # Errors
/// Fails with every violation of the message.
pub fn record_notification(
    message: &v1::RecordNotificationRequest,
    now: DateTime<Utc>,
) -> Result<Change<Notify>, Malformed> {
    let mut v = Violations::default();
    let ids = change_ids(&mut v, &message.request_id, &message.determination_id);
    let at = At::top("notification");
    let Some(message_notification) = &message.notification else {
        v.add(at, "is required");
        return v.finish(None);
    };
    let recipient = match v.enumeration(at.field("recipient"), message_notification.recipient) {
        v1::Recipient::Unspecified => None,
        v1::Recipient::Member => Some(Recipient::Member),
        v1::Recipient::Representative => Some(Recipient::Representative),
        v1::Recipient::RequestingProfessional => Some(Recipient::RequestingProfessional),
    };
    if message_notification.recipient == 0 {
        v.add(at.field("recipient"), "is required");
    }
    let channel = match v.enumeration(at.field("channel"), message_notification.channel) {
        v1::NotificationChannel::Unspecified => None,
        v1::NotificationChannel::Mail => Some(Channel::Mail),
        v1::NotificationChannel::Phone => Some(Channel::Phone),
        v1::NotificationChannel::Portal => Some(Channel::Portal),
        v1::NotificationChannel::Fax => Some(Channel::Fax),
    };
    if message_notification.channel == 0 {
        v.add(at.field("channel"), "is required");
    }
    let notice_id = v.optional_uuid(at.field("notice_id"), &message_notification.notice_id);
    let notified_at = v.instant(
        at.field("notified_at"),
        message_notification.notified_at.as_ref(),
    );
    if notified_at.is_some_and(|at| at > now) {
        v.add(at.field("notified_at"), "must not be in the future");
    }
    let change = ids
        .zip(recipient.zip(channel))
        .map(|(ids, (recipient, channel))| {
            let notification = Notification {
                recipient,
                channel,
                notice_id,
                notified_at: notified_at.unwrap_or(now),
            };
            ids.with(&message.etag, Notify { notification })
        });
    v.finish(change)
}
