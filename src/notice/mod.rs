//! Which letter goes with a decision? Pure: the decision in, the letter out.
//!
//! A letter is made at the moment of the decision and stored with it as bytes; its reference on the case holds their
//! SHA-256. What a member is shown is rendered from those bytes, so that a preview cannot differ from what is sent.

mod letter;
mod rights;
mod text;

use chrono::{DateTime, Utc};
use thiserror::Error;
use uuid::Uuid;

pub use letter::{
    Addressee, ApprovalNotice, Asked, Asker, Content, DenialNotice, LETTER_SCHEMA, Letter,
    ProviderInWriting, ReasonInWriting, ReviewerInWriting, Sender,
};
pub use rights::{AppealRight, GrievanceRight, HearingRight, HowTo, Span, Way};
pub use text::text;

use crate::case::{
    Approval, Case, Denial, Digest, LanguageTag, NoticeKind, NoticeReference, Private, Provider,
    ReferralTo, SecondOpinion,
};
use crate::plan::Plan;
use crate::rules::{Calendar, POLICY_NUMBER};

/// The languages in which letters are complete.
pub const SHIPPED_LANGUAGES: [&str; 1] = ["en"];

/// A letter that could not be made.
#[derive(Debug, Error)]
pub enum NoticeError {
    /// A contact point of the plan has no phone number and no address.
    #[error(
        "the plan's contact point `{0}` has no way to be reached, so no letter can say how to use the right"
    )]
    NoWay(&'static str),
    /// A denial without a reason.
    #[error("a denial without a reason has no letter")]
    NoReason,
    /// The letter cannot be written or read as JSON.
    #[error("the letter cannot be written or read")]
    Unreadable,
    /// The letter is of a schema that this version does not know.
    #[error("letter schema {0} is not known to this version")]
    Schema(u32),
}

/// A letter with its bytes and what the case says of it.
#[derive(Clone, Debug)]
pub struct Made {
    /// The letter.
    pub letter: Letter,
    /// What the case says of it.
    pub reference: NoticeReference,
    /// What is stored.
    pub bytes: Vec<u8>,
}

/// What every letter is made with.
#[derive(Clone, Copy, Debug)]
pub struct Making<'a> {
    /// The letter's id.
    pub notice_id: Uuid,
    /// The case.
    pub determination_id: Uuid,
    /// The request.
    pub request: &'a SecondOpinion,
    /// The policy's edition.
    pub edition: chrono::NaiveDate,
    /// The moment of the decision.
    pub now: DateTime<Utc>,
    /// The plan.
    pub plan: &'a Plan,
    /// Its calendar.
    pub calendar: &'a Calendar,
}

/// The letter of a denial, to the member (VI.F).
///
/// # Errors
/// When there is no reason, or the plan cannot be reached for an appeal or a grievance.
pub fn denial(denial: &Denial, making: Making<'_>) -> Result<Made, NoticeError> {
    let plan = making.plan;
    let mut reasons = denial.reasons.iter().map(|reason| ReasonInWriting {
        clauses: reason.code.clauses().to_vec(),
        explanation: reason.explanation.clone(),
        clinical_rationale: reason.clinical_rationale.clone(),
        criteria: reason.criteria.clone(),
        evidence: reason.evidence.clone(),
        authority: reason.authority.clone(),
    });
    let first = reasons.next().ok_or(NoticeError::NoReason)?;
    let reviewer = denial.reviewer.reviewer();
    let mut notice = DenialNotice::new(
        first,
        reasons.collect(),
        AppealRight::new(making.calendar.day_of(making.now), &plan.appeals)
            .ok_or(NoticeError::NoWay("appeals"))?,
        GrievanceRight::new(&plan.grievance_coordinator)
            .ok_or(NoticeError::NoWay("grievance_coordinator"))?,
        ReviewerInWriting {
            full_name: reviewer.full_name.clone(),
            title: reviewer.title.clone(),
        },
    );
    notice.hearing = HearingRight::new(&plan.state_hearing);
    notice.ombudsman = HowTo::new(&plan.ombudsman);
    notice.legal_help = plan.legal_help.as_ref().and_then(HowTo::new);
    notice.referral = denial.referral.as_ref().map(referred);
    notice.knox_keene = plan.knox_keene;
    making.made(NoticeKind::Denial, Content::Denial(Box::new(notice)))
}

/// The letter of an approval, to the member.
///
/// # Errors
/// When the plan cannot be reached for a grievance.
pub fn approval(approval: &Approval, making: Making<'_>) -> Result<Made, NoticeError> {
    let notice = ApprovalNotice {
        authorization_number: approval.authorization_number.clone(),
        provider: written(&approval.provider, false),
        service_code: approval
            .service_code
            .as_ref()
            .map(|code| code.as_str().into())
            .unwrap_or_default(),
        units: approval.units,
        valid_from: approval.valid_from,
        valid_through: approval.valid_through,
        another_by_agreement: approval.member_agreement.is_some()
            && making
                .request
                .requested_provider
                .as_ref()
                .is_some_and(|asked_for| {
                    let approved = &approval.provider;
                    !asked_for.is_same_as(approved.npi.as_ref(), &approved.name)
                }),
        grievance: GrievanceRight::new(&making.plan.grievance_coordinator)
            .ok_or(NoticeError::NoWay("grievance_coordinator"))?,
    };
    making.made(NoticeKind::Approval, Content::Approval(Box::new(notice)))
}

impl<'a> Making<'a> {
    /// What a letter about a case is made with.
    #[must_use]
    pub fn of(
        case: &'a Case,
        notice_id: Uuid,
        now: DateTime<Utc>,
        plan: &'a Plan,
        calendar: &'a Calendar,
    ) -> Self {
        Self {
            notice_id,
            determination_id: case.id,
            request: &case.file.request,
            edition: case.file.edition,
            now,
            plan,
            calendar,
        }
    }
}

impl Making<'_> {
    fn made(self, kind: NoticeKind, content: Content) -> Result<Made, NoticeError> {
        let member = &self.request.member;
        let letter = Letter {
            schema: LETTER_SCHEMA,
            notice_id: self.notice_id,
            determination_id: self.determination_id,
            language: LanguageTag::english(),
            day: self.calendar.day_of(self.now),
            issued_at: self.now,
            plan: Sender {
                name: self.plan.name.clone(),
                member_services: HowTo::new(&self.plan.member_services),
            },
            member: Addressee {
                full_name: member.full_name.clone(),
                member_id: Private(member.member_id.as_str().to_owned()),
                address_lines: member.mailing_address().to_vec(),
            },
            request: Asked {
                by: self.request.requesters.iter().map(Asker::from).collect(),
                received: self.calendar.day_of(self.request.received_at),
                of: self
                    .request
                    .requested_provider
                    .as_ref()
                    .map(|provider| written(provider, false).name)
                    .unwrap_or_default(),
                policy: format!("{POLICY_NUMBER}, edition of {}", self.edition),
            },
            content,
        };
        let bytes = serde_json::to_vec(&letter).map_err(|_| NoticeError::Unreadable)?;
        let reference = NoticeReference {
            notice_id: self.notice_id,
            kind,
            language: letter.language.clone(),
            issued_at: self.now,
            sha256: Digest::of(&bytes),
            translation_needed: !SHIPPED_LANGUAGES
                .contains(&member.preferred_language.primary().as_str()),
        };
        Ok(Made {
            letter,
            reference,
            bytes,
        })
    }
}

fn referred(referral: &ReferralTo) -> ProviderInWriting {
    written(&referral.provider, referral.in_network)
}

fn written(provider: &Provider, in_network: bool) -> ProviderInWriting {
    let by_npi = || {
        provider
            .npi
            .as_ref()
            .map(|npi| format!("the provider with NPI {}", npi.as_str()))
            .unwrap_or_default()
    };
    ProviderInWriting {
        name: if provider.name.is_empty() {
            by_npi()
        } else {
            provider.name.clone()
        },
        phone: provider.phone.clone(),
        address_lines: provider.address_lines.clone(),
        in_network,
    }
}

/// The letter in stored bytes.
///
/// # Errors
/// When they are of an unknown schema or cannot be read.
pub fn read(bytes: &[u8]) -> Result<Letter, NoticeError> {
    #[derive(serde::Deserialize)]
    struct Tag {
        schema: u32,
    }
    match serde_json::from_slice::<Tag>(bytes)
        .map_err(|_| NoticeError::Unreadable)?
        .schema
    {
        LETTER_SCHEMA => serde_json::from_slice(bytes).map_err(|_| NoticeError::Unreadable),
        other => Err(NoticeError::Schema(other)),
    }
}
