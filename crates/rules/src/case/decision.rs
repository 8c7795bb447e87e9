//! The decisions, withdrawals and notifications that people record, and the letters that go with them.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::identifiers::{LanguageTag, Private, ProcedureCode};
use super::provider::Provider;
use super::second_opinion::Requester;
use crate::rules::DenialReasonCode;

/// The reviewer of a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewer {
    /// The name.
    pub full_name: String,
    /// The title.
    pub title: String,
    /// The license; required for a denial, optional for an approval.
    pub license: Option<License>,
    /// The direct phone number.
    pub phone: String,
    /// The specialty; empty: not given.
    pub specialty: String,
}

/// A professional license.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct License {
    /// Its kind.
    pub kind: LicenseType,
    /// Its number.
    pub number: Private,
    /// The state that issued it, two letters.
    pub state: String,
}

/// The kind of a license.
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

/// A reviewer who holds a license. Only a licensed reviewer can deny.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LicensedReviewer(Reviewer);

impl LicensedReviewer {
    /// The reviewer; `None`: there is no license with a number.
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
    /// The number of the authorization.
    pub authorization_number: String,
    /// The approved provider.
    pub provider: Provider,
    /// The reviewer.
    pub reviewer: Reviewer,
    /// The rationale.
    pub rationale: Private,
    /// The first local day on which it is valid.
    pub valid_from: NaiveDate,
    /// The last local day on which it is valid.
    pub valid_through: NaiveDate,
    /// The instant of the decision.
    #[serde(with = "crate::rules::instant")]
    pub decided_at: DateTime<Utc>,
    /// The CPT or HCPCS code; `None`: a consultation for a second opinion.
    pub service_code: Option<ProcedureCode>,
    /// The number of visits.
    pub units: u32,
    /// The member's consent, where a provider other than the requested one is approved.
    pub member_agreement: Option<MemberAgreement>,
}

/// The member's consent to a provider other than the requested one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberAgreement {
    /// The instant of the consent; `None`: not stated.
    pub agreed_at: Option<DateTime<Utc>>,
    /// The way in which it was given, in words.
    pub how: Private,
}

/// A denial, by a licensed reviewer and with at least one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denial {
    /// The reasons; at least one.
    pub reasons: Vec<DenialReason>,
    /// The reviewer.
    pub reviewer: LicensedReviewer,
    /// The provider that the member can see instead (VI.C); `None`: the reasons do not require one.
    pub referral: Option<Referral>,
    /// The instant of the decision.
    #[serde(with = "crate::rules::instant")]
    pub decided_at: DateTime<Utc>,
}

/// The provider that a denial refers the member to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Referral {
    /// The provider, completed from the alternative on the case where it is one.
    pub provider: Provider,
    /// Whether it is one of the network alternatives on the case.
    pub in_network: bool,
}

/// One reason of a denial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DenialReason {
    /// Its code.
    pub code: DenialReasonCode,
    /// The explanation for the member, in English.
    pub explanation: Private,
    /// The clinical rationale; empty only where the code needs none.
    pub clinical_rationale: Private,
    /// The criteria or guidelines used.
    pub criteria: Vec<Private>,
    /// The request for information and its date, or the check of eligibility; empty only where the code needs none.
    pub evidence: Private,
    /// The rule outside this policy; empty only where the code needs none.
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
    /// The requester who withdrew.
    pub withdrawn_by: Requester,
    /// The reason; empty: not given.
    pub reason: Private,
    /// The instant of the withdrawal.
    #[serde(with = "crate::rules::instant")]
    pub withdrawn_at: DateTime<Utc>,
}

/// The end of a review.
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
    /// The instant of the decision; `None`: a withdrawal, which decides nothing.
    #[must_use]
    pub fn decided_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Approved(approval) => Some(approval.decided_at),
            Self::Denied(denial) => Some(denial.decided_at),
            Self::Withdrawn(_) => None,
        }
    }
}

/// A notification of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// The recipient.
    pub recipient: Recipient,
    /// The channel.
    pub channel: Channel,
    /// The letter that was sent; `None`: none was.
    pub notice_id: Option<Uuid>,
    /// The instant at which the letter was sent or the person was notified.
    #[serde(with = "crate::rules::instant")]
    pub notified_at: DateTime<Utc>,
}

/// The recipient of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Recipient {
    /// The member.
    Member,
    /// A representative; counts as the member where the authorization is on file.
    Representative,
    /// The requesting professional.
    RequestingProfessional,
}

/// The channel of a notification.
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

/// The reference to a letter that was made with an event, with the letter's digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeReference {
    /// The letter's id.
    pub notice_id: Uuid,
    /// The kind of the letter.
    pub kind: NoticeKind,
    /// Its language.
    pub language: LanguageTag,
    /// The instant at which it was made.
    #[serde(with = "crate::rules::instant")]
    pub issued_at: DateTime<Utc>,
    /// The SHA-256 of the stored letter.
    pub sha256: super::Digest,
    /// Whether no letter in the member's own language exists yet.
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
    /// An untimely decision (42 CFR 438.404(c)(5)).
    Lapse,
    /// The requesting professional's copy of a decision.
    ProviderCopy,
}
