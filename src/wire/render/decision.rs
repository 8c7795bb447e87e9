//! Renders a decision: without PHI in the BASIC view, whole in the FULL view.

use super::request::{npi, provider, requester};
use super::values::{date, timestamp};
use crate::case::{
    Approval, Channel, Decision, Denial, DenialReason, LicenseType, Notification, Provider,
    Recipient, Reviewer, Withdrawal,
};
use crate::rules::DenialReasonCode;
use crate::wire::v1::{self, determination};

/// The BASIC view: of a denial only the codes and the referral's NPI and name; of an approval its provider's NPI and
/// name, its number and validity; of a withdrawal its instant.
pub(super) fn basic(decision: &Decision) -> determination::Decision {
    match decision {
        Decision::Approved(approval) => determination::Decision::Approval(v1::Approval {
            authorization_number: approval.authorization_number.clone(),
            provider: Some(npi_and_name(&approval.provider)),
            valid_from: date(approval.valid_from),
            valid_through: date(approval.valid_through),
            ..v1::Approval::default()
        }),
        Decision::Denied(denial) => determination::Decision::Denial(v1::Denial {
            reasons: denial
                .reasons
                .iter()
                .map(|reason| v1::DenialReason {
                    code: code(reason.code).into(),
                    ..v1::DenialReason::default()
                })
                .collect(),
            referral: denial
                .referral
                .as_ref()
                .map(|referral| npi_and_name(&referral.provider)),
            ..v1::Denial::default()
        }),
        Decision::Withdrawn(withdrawal) => determination::Decision::Withdrawal(v1::Withdrawal {
            withdrawn_at: Some(timestamp(withdrawal.withdrawn_at)),
            ..v1::Withdrawal::default()
        }),
    }
}

pub(super) fn full(decision: &Decision) -> determination::Decision {
    match decision {
        Decision::Approved(approval) => determination::Decision::Approval(self::approval(approval)),
        Decision::Denied(denial) => determination::Decision::Denial(self::denial(denial)),
        Decision::Withdrawn(withdrawal) => {
            determination::Decision::Withdrawal(self::withdrawal(withdrawal))
        }
    }
}

fn npi_and_name(held: &Provider) -> v1::Provider {
    v1::Provider {
        npi: npi(held.npi.as_ref()),
        name: held.name.clone(),
        ..v1::Provider::default()
    }
}

fn approval(approval: &Approval) -> v1::Approval {
    v1::Approval {
        authorization_number: approval.authorization_number.clone(),
        provider: Some(provider(&approval.provider)),
        reviewer: Some(reviewer(&approval.reviewer)),
        rationale: approval.rationale.0.clone(),
        valid_from: date(approval.valid_from),
        valid_through: date(approval.valid_through),
        decided_at: Some(timestamp(approval.decided_at)),
        service_code: approval
            .service_code
            .as_ref()
            .map(|code| code.as_str().to_owned())
            .unwrap_or_default(),
        units: i32::try_from(approval.units).unwrap_or(i32::MAX),
        member_agreement: approval
            .member_agreement
            .as_ref()
            .map(|agreement| v1::MemberAgreement {
                agreed_at: agreement.agreed_at.map(timestamp),
                how: agreement.how.0.clone(),
            }),
    }
}

fn denial(denial: &Denial) -> v1::Denial {
    v1::Denial {
        reasons: denial.reasons.iter().map(reason).collect(),
        reviewer: Some(reviewer(denial.reviewer.reviewer())),
        referral: denial
            .referral
            .as_ref()
            .map(|referral| provider(&referral.provider)),
        decided_at: Some(timestamp(denial.decided_at)),
    }
}

fn reason(reason: &DenialReason) -> v1::DenialReason {
    v1::DenialReason {
        code: code(reason.code).into(),
        explanation: reason.explanation.0.clone(),
        clinical_rationale: reason.clinical_rationale.0.clone(),
        criteria: reason.criteria.iter().map(|text| text.0.clone()).collect(),
        evidence: reason.evidence.0.clone(),
        authority: reason.authority.0.clone(),
        translations: reason
            .translations
            .iter()
            .map(|translation| v1::Translation {
                language: translation.language.as_str().to_owned(),
                explanation: translation.explanation.0.clone(),
                clinical_rationale: translation.clinical_rationale.0.clone(),
            })
            .collect(),
    }
}

fn code(code: DenialReasonCode) -> v1::DenialReasonCode {
    match code {
        DenialReasonCode::QualifiedNetworkProviderAvailable => {
            v1::DenialReasonCode::QualifiedNetworkProviderAvailable
        }
        DenialReasonCode::ProviderNotMediCalCertified => {
            v1::DenialReasonCode::ProviderNotMediCalCertified
        }
        DenialReasonCode::ProviderNotQualified => v1::DenialReasonCode::ProviderNotQualified,
        DenialReasonCode::ReasonNotSupported => v1::DenialReasonCode::ReasonNotSupported,
        DenialReasonCode::InsufficientInformation => v1::DenialReasonCode::InsufficientInformation,
        DenialReasonCode::MemberNotEligible => v1::DenialReasonCode::MemberNotEligible,
    }
}

fn reviewer(reviewer: &Reviewer) -> v1::Reviewer {
    let license = reviewer.license.as_ref();
    v1::Reviewer {
        full_name: reviewer.full_name.clone(),
        title: reviewer.title.clone(),
        license_type: match license.map(|license| license.kind) {
            None => v1::LicenseType::Unspecified,
            Some(LicenseType::Md) => v1::LicenseType::Md,
            Some(LicenseType::Do) => v1::LicenseType::Do,
            Some(LicenseType::Other) => v1::LicenseType::OtherLicensedProfessional,
        }
        .into(),
        license_number: license
            .map(|license| license.number.0.clone())
            .unwrap_or_default(),
        phone: reviewer.phone.clone(),
        license_state: license
            .map(|license| license.state.clone())
            .unwrap_or_default(),
        specialty: reviewer.specialty.clone(),
    }
}

fn withdrawal(withdrawal: &Withdrawal) -> v1::Withdrawal {
    v1::Withdrawal {
        withdrawn_by: Some(requester(&withdrawal.withdrawn_by)),
        reason: withdrawal.reason.0.clone(),
        withdrawn_at: Some(timestamp(withdrawal.withdrawn_at)),
    }
}

pub(super) fn notification(notification: &Notification) -> v1::Notification {
    v1::Notification {
        recipient: match notification.recipient {
            Recipient::Member => v1::Recipient::Member,
            Recipient::Representative => v1::Recipient::Representative,
            Recipient::RequestingProfessional => v1::Recipient::RequestingProfessional,
        }
        .into(),
        channel: match notification.channel {
            Channel::Mail => v1::NotificationChannel::Mail,
            Channel::Phone => v1::NotificationChannel::Phone,
            Channel::Portal => v1::NotificationChannel::Portal,
            Channel::Fax => v1::NotificationChannel::Fax,
        }
        .into(),
        notice_id: notification
            .notice_id
            .map(|id| id.hyphenated().to_string())
            .unwrap_or_default(),
        notified_at: Some(timestamp(notification.notified_at)),
    }
}
