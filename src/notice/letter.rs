//! What does a letter hold? One model; every form of it is rendered from this.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::rights::{AppealRight, GrievanceRight, HearingRight, HowTo};
use crate::case::{LanguageTag, Private, Requester};
use crate::rules::Clause;

/// The shape of a stored letter. A later shape gets another number and reads this one too.
pub const LETTER_SCHEMA: u32 = 1;

/// A letter, made at the moment of the decision and stored with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// [`LETTER_SCHEMA`] of the time.
    pub schema: u32,
    /// Its id.
    pub notice_id: Uuid,
    /// The case.
    pub determination_id: Uuid,
    /// Its language.
    pub language: LanguageTag,
    /// The local day that it bears.
    pub day: NaiveDate,
    /// When it was made.
    pub issued_at: DateTime<Utc>,
    /// The plan that sends it.
    pub plan: Sender,
    /// The member that it is for.
    pub member: Addressee,
    /// What was asked for.
    pub request: Asked,
    /// What it says.
    pub content: Content,
}

/// The plan that sends a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// Its name.
    pub name: String,
    /// Member services; `None`: not configured.
    pub member_services: Option<HowTo>,
}

/// The member that a letter is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addressee {
    /// The name; empty: not held.
    pub full_name: Private,
    /// The CIN.
    pub member_id: Private,
    /// Where the letter goes.
    pub address_lines: Vec<Private>,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Who asked.
    pub by: Vec<Asker>,
    /// The local day on which the plan received it.
    pub received: NaiveDate,
    /// Whom it names, in words; empty: no one.
    pub of: String,
    /// The policy and its edition.
    pub policy: String,
}

/// Who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asker {
    /// The member.
    Member,
    /// A representative.
    Representative,
    /// A health professional.
    HealthProfessional,
}

impl From<&Requester> for Asker {
    fn from(requester: &Requester) -> Self {
        match requester {
            Requester::Member => Self::Member,
            Requester::AuthorizedRepresentative(_) => Self::Representative,
            Requester::HealthProfessional(_) => Self::HealthProfessional,
        }
    }
}

/// What a letter says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// The request is denied.
    Denial(Box<DenialNotice>),
    /// The request is approved.
    Approval(Box<ApprovalNotice>),
}

/// A denial in writing (VI.F). It cannot be built without a reason, the right to appeal, the right to file a
/// grievance, and how to use both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DenialNotice {
    first_reason: ReasonInWriting,
    further_reasons: Vec<ReasonInWriting>,
    appeal: AppealRight,
    grievance: GrievanceRight,
    /// The right to a State Hearing after an appeal; `None`: not configured.
    pub hearing: Option<HearingRight>,
    /// The State's Ombudsman; `None`: not configured.
    pub ombudsman: Option<HowTo>,
    /// Free legal help; `None`: not configured.
    pub legal_help: Option<HowTo>,
    /// Who decided.
    pub reviewer: ReviewerInWriting,
    /// Whom the member can see instead; `None`: no one is named.
    pub referral: Option<ProviderInWriting>,
    /// Whether the plan is licensed under the Knox-Keene Act, whose letters say more.
    pub knox_keene: bool,
}

impl DenialNotice {
    /// A denial in writing.
    #[must_use]
    pub fn new(
        first_reason: ReasonInWriting,
        further_reasons: Vec<ReasonInWriting>,
        appeal: AppealRight,
        grievance: GrievanceRight,
        reviewer: ReviewerInWriting,
    ) -> Self {
        Self {
            first_reason,
            further_reasons,
            appeal,
            grievance,
            hearing: None,
            ombudsman: None,
            legal_help: None,
            reviewer,
            referral: None,
            knox_keene: false,
        }
    }

    /// Every reason; at least one.
    pub fn reasons(&self) -> impl Iterator<Item = &ReasonInWriting> {
        std::iter::once(&self.first_reason).chain(&self.further_reasons)
    }

    /// The right to appeal.
    #[must_use]
    pub fn appeal(&self) -> &AppealRight {
        &self.appeal
    }

    /// The right to file a grievance.
    #[must_use]
    pub fn grievance(&self) -> &GrievanceRight {
        &self.grievance
    }
}

/// A reason as a letter gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonInWriting {
    /// The clauses it rests on.
    pub clauses: Vec<Clause>,
    /// In plain words.
    pub explanation: Private,
    /// The clinical rationale; empty: none.
    pub clinical_rationale: Private,
    /// The criteria used; empty: the clauses alone.
    pub criteria: Vec<Private>,
    /// What was asked for and did not come, or how eligibility was checked; empty: none.
    pub evidence: Private,
    /// The rule outside of this policy; empty: none.
    pub authority: Private,
}

/// The reviewer as the member's letter names one: with the plan's phone number, not the direct one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewerInWriting {
    /// The name.
    pub full_name: String,
    /// The title.
    pub title: String,
}

/// A provider as a letter names one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderInWriting {
    /// The name, or the NPI in words where none is held.
    pub name: String,
    /// A phone number; empty: not held.
    pub phone: String,
    /// The address.
    pub address_lines: Vec<String>,
    /// Whether it is in the network.
    pub in_network: bool,
}

/// An approval in writing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalNotice {
    /// The authorisation's number.
    pub authorization_number: String,
    /// Who is approved.
    pub provider: ProviderInWriting,
    /// CPT or HCPCS; empty: a consultation for a second opinion.
    pub service_code: Private,
    /// Visits.
    pub units: u32,
    /// The first local day.
    pub valid_from: NaiveDate,
    /// The last.
    pub valid_through: NaiveDate,
    /// Whether the member agreed to this provider in place of the one asked for.
    pub another_by_agreement: bool,
    /// The right to file a grievance.
    pub grievance: GrievanceRight,
}
