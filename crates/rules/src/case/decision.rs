//! What did a person decide, record or withdraw, and which letter went with it?

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::identifiers::{LanguageTag, Private, ProcedureCode};
use super::provider::Provider;
use super::second_opinion::Requester;
use crate::rules::DenialReasonCode;

/// The reviewer who decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewer {
    /// The name.
    pub full_name: String,
    /// The title.
    pub title: String,
    /// The licence; an approval may do without, a denial never.
    pub license: Option<License>,
    /// The direct phone number.
    pub phone: String,
    /// The specialty; empty: not given.
    pub specialty: String,
}

/// A professional licence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct License {
    /// Its kind.
    pub kind: LicenseType,
    /// Its number.
    pub number: Private,
    /// The state that gave it, two letters.
    pub state: String,
}

/// The kind of a licence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LicenseType {
    /// Physician (MD).
    Md,
    /// Osteopathic physician (DO).
    Do,
    /// Another licensed professional.
    Other,
}

/// A reviewer who holds a licence: the only kind of person who can deny.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LicensedReviewer(Reviewer);

impl LicensedReviewer {
    /// The reviewer, if a licence with a number is held.
    #[must_use]
    pub fn new(reviewer: Reviewer) -> Option<Self> {
        let licensed = reviewer
            .license
            .as_ref()
            .is_some_and(|license| !license.number.is_empty());
        licensed.then_some(Self(reviewer))
    }

    /// The reviewer.
    #[must_use]
    pub fn reviewer(&self) -> &Reviewer {
        &self.0
    }
}

/// An approval of a provider outside the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The authorisation's number.
    pub authorization_number: String,
    /// Who is approved.
    pub provider: Provider,
    /// Who approved.
    pub reviewer: Reviewer,
    /// Why.
    pub rationale: Private,
    /// The first local day on which it holds.
    pub valid_from: NaiveDate,
    /// The last.
    pub valid_through: NaiveDate,
    /// When.
    #[serde(with = "crate::rules::instant")]
    pub decided_at: DateTime<Utc>,
    /// CPT or HCPCS; `None`: a consultation for a second opinion.
    pub service_code: Option<ProcedureCode>,
    /// Visits.
    pub units: u32,
    /// The member's consent, where another provider than the one asked for is approved.
    pub member_agreement: Option<MemberAgreement>,
}

/// The member's consent to another provider than the one asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberAgreement {
    /// When; `None`: not stated.
    pub agreed_at: Option<DateTime<Utc>>,
    /// How.
    pub how: Private,
}

/// A denial. Only a licensed reviewer makes one, and never without a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denial {
    /// Why; at least one.
    pub reasons: Vec<DenialReason>,
    /// Who denied.
    pub reviewer: LicensedReviewer,
    /// Whom the member can see instead (VI.C); `None`: the reasons ask for none.
    pub referral: Option<Referral>,
    /// When.
    #[serde(with = "crate::rules::instant")]
    pub decided_at: DateTime<Utc>,
}

/// Whom a denial refers the member to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Referral {
    /// The provider, filled in from the case's alternatives where it is one.
    pub provider: Provider,
    /// Whether it is one of the network alternatives on the case.
    pub in_network: bool,
}

/// One reason of a denial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DenialReason {
    /// Which.
    pub code: DenialReasonCode,
    /// For the member, in English.
    pub explanation: Private,
    /// The clinical rationale; empty only where the reason needs none.
    pub clinical_rationale: Private,
    /// The criteria or guidelines used.
    pub criteria: Vec<Private>,
    /// What was asked of whom and when, or how eligibility was checked; empty only where the reason needs none.
    pub evidence: Private,
    /// The rule outside of this policy; empty only where the reason needs none.
    pub authority: Private,
    /// The explanation and rationale in other languages.
    pub translations: Vec<Translation>,
}

/// A reason's words in another language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Translation {
    /// The language.
    pub language: LanguageTag,
    /// The explanation.
    pub explanation: Private,
    /// The clinical rationale; empty only where the reason has none.
    pub clinical_rationale: Private,
}

/// A withdrawal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawal {
    /// Who withdrew.
    pub withdrawn_by: Requester,
    /// Why; empty: not given.
    pub reason: Private,
    /// When.
    #[serde(with = "crate::rules::instant")]
    pub withdrawn_at: DateTime<Utc>,
}

/// What ended the review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Approved.
    Approved(Approval),
    /// Denied.
    Denied(Denial),
    /// Withdrawn.
    Withdrawn(Withdrawal),
}

impl Decision {
    /// When it was decided; `None` of a withdrawal, which decides nothing.
    #[must_use]
    pub fn decided_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Approved(approval) => Some(approval.decided_at),
            Self::Denied(denial) => Some(denial.decided_at),
            Self::Withdrawn(_) => None,
        }
    }
}

/// That someone was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// Who.
    pub recipient: Recipient,
    /// How.
    pub channel: Channel,
    /// The letter that was sent; `None`: none was.
    pub notice_id: Option<Uuid>,
    /// When the letter was sent or the person told.
    #[serde(with = "crate::rules::instant")]
    pub notified_at: DateTime<Utc>,
}

/// Who is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Recipient {
    /// The member.
    Member,
    /// A representative; with the authorisation on file it counts as the member.
    Representative,
    /// The professional who asked.
    RequestingProfessional,
}

/// How someone is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Channel {
    /// Mail.
    Mail,
    /// Phone.
    Phone,
    /// The member portal.
    Portal,
    /// Fax.
    Fax,
}

/// A letter that was made with a decision, proved by its digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeReference {
    /// The letter's id.
    pub notice_id: Uuid,
    /// What kind of letter.
    pub kind: NoticeKind,
    /// Its language.
    pub language: LanguageTag,
    /// When it was made.
    #[serde(with = "crate::rules::instant")]
    pub issued_at: DateTime<Utc>,
    /// The SHA-256 of the stored letter.
    pub sha256: super::Digest,
    /// Whether no letter exists in the member's own language yet.
    pub translation_needed: bool,
}

/// The kind of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NoticeKind {
    /// A denial (VI.F).
    Denial,
    /// An approval.
    Approval,
    /// Primary care did not grant the request (VI.E).
    GrievanceInformation,
    /// No permission is needed after all (VI.A).
    NetworkAccess,
    /// Not decided in time (42 CFR 438.404(c)(5)).
    Lapse,
    /// The requesting professional's copy of a decision.
    ProviderCopy,
}
