//! The content of each kind of letter.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::contact::ContactMethods;
use super::rights::{AppealRight, GrievanceRight, HearingRight};
use second_opinion_rules::case::{NoticeKind, Private, Translation};
use second_opinion_rules::rules::{Clause, DenialReasonCode};

/// What a letter says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// The request is denied.
    Denial(Box<DenialNotice>),
    /// The request is approved.
    Approval(Box<ApprovalNotice>),
    /// Primary care did not grant the request.
    GrievanceInformation(Box<GrievanceNotice>),
    /// No permission is needed after all.
    NetworkAccess(Box<NetworkAccessNotice>),
    /// The request was not decided in time.
    Lapse(Box<LapseNotice>),
    /// A decision, for the professional who asked.
    ProviderCopy(Box<ProviderCopy>),
}

impl Content {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> NoticeKind {
        match self {
            Self::Denial(_) => NoticeKind::Denial,
            Self::Approval(_) => NoticeKind::Approval,
            Self::GrievanceInformation(_) => NoticeKind::GrievanceInformation,
            Self::NetworkAccess(_) => NoticeKind::NetworkAccess,
            Self::Lapse(_) => NoticeKind::Lapse,
            Self::ProviderCopy(_) => NoticeKind::ProviderCopy,
        }
    }
}

/// A denial in writing (VI.F). It cannot be built without a reason, the right to appeal, the right to file a
/// grievance, and how to use both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DenialNotice {
    first_reason: WrittenReason,
    further_reasons: Vec<WrittenReason>,
    appeal: AppealRight,
    grievance: GrievanceRight,
    /// What follows an appeal, and who helps.
    pub after: FurtherHelp,
    /// Who decided.
    pub reviewer: NamedReviewer,
    /// Whom the member can see instead; `None`: no one is named.
    pub referral: Option<ProviderDetails>,
    /// What is so of the plan's own network.
    pub network: NetworkOffer,
}

impl DenialNotice {
    /// A denial in writing.
    #[must_use]
    pub fn new(
        first_reason: WrittenReason,
        further_reasons: Vec<WrittenReason>,
        appeal: AppealRight,
        grievance: GrievanceRight,
        reviewer: NamedReviewer,
    ) -> Self {
        Self {
            first_reason,
            further_reasons,
            appeal,
            grievance,
            after: FurtherHelp::default(),
            reviewer,
            referral: None,
            network: NetworkOffer::IfOneCan,
        }
    }

    /// Every reason; at least one.
    pub fn reasons(&self) -> impl Iterator<Item = &WrittenReason> {
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

/// What follows an appeal, and who helps. Each part is `None` where the plan has not configured it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FurtherHelp {
    /// The right to a State Hearing after an appeal.
    pub hearing: Option<HearingRight>,
    /// The State's Ombudsman.
    pub ombudsman: Option<ContactMethods>,
    /// Free legal help.
    pub legal_help: Option<ContactMethods>,
}

/// What is so of the plan's own network, when someone outside of it is denied (VI.A, VI.C).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkOffer {
    /// Someone in it can give the opinion, and no permission is needed.
    Open,
    /// It is not known whether someone in it can; whoever can may be seen without permission.
    IfOneCan,
    /// No one in it can now.
    NoneNow,
    /// The person is not eligible, so nothing of it is offered.
    NotEligible,
}

/// A reason as a letter gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenReason {
    /// Which it is.
    pub code: DenialReasonCode,
    /// The clauses it rests on.
    pub clauses: Vec<Clause>,
    /// In plain words, in English.
    pub explanation: Private,
    /// The clinical rationale, in English; empty: none.
    pub clinical_rationale: Private,
    /// The criteria used; empty: the clauses alone.
    pub criteria: Vec<Private>,
    /// What was asked for and did not come, or how eligibility was checked; empty: none.
    pub evidence: Private,
    /// The rule outside of this policy; empty: none.
    pub authority: Private,
    /// The explanation and the rationale in other languages.
    pub translations: Vec<Translation>,
}

impl WrittenReason {
    /// The translation into a language, by its primary tag.
    #[must_use]
    pub fn translation(&self, language: &str) -> Option<&Translation> {
        self.translations
            .iter()
            .find(|translation| translation.language.primary() == language)
    }

    /// Whether the explanation, and the rationale where there is one, are held in a language.
    #[must_use]
    pub fn is_in(&self, language: &str) -> bool {
        language == "en"
            || self.translation(language).is_some_and(|translation| {
                !translation.explanation.is_empty()
                    && (self.clinical_rationale.is_empty()
                        || !translation.clinical_rationale.is_empty())
            })
    }
}

/// The reviewer as the member's letter names one: with the plan's phone number, not the direct one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedReviewer {
    /// The name.
    pub full_name: String,
    /// The title.
    pub title: String,
}

/// A provider as a letter names one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderDetails {
    /// The name; empty: not held.
    pub name: String,
    /// The NPI; empty: not held.
    pub npi: String,
    /// A phone number; empty: not held.
    pub phone: String,
    /// The address.
    pub address_lines: Vec<String>,
    /// Whether it is in the network.
    pub in_network: bool,
    /// The first appointment to be had; `None`: not known.
    pub first_appointment: Option<NaiveDate>,
}

/// An approval in writing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalNotice {
    /// What is approved.
    pub approved: WrittenApproval,
    /// Who decided.
    pub reviewer: NamedReviewer,
    /// The right to file a grievance.
    pub grievance: GrievanceRight,
}

/// What is approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenApproval {
    /// The authorisation's number.
    pub authorization_number: String,
    /// Who is approved.
    pub provider: ProviderDetails,
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
}

/// Primary care did not grant the request (VI.E): no denial by the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrievanceNotice {
    /// Whether the plan itself reviews the request now; otherwise no permission is needed.
    pub under_review: bool,
    /// Who in the network can be seen; empty: no one is named.
    pub see: Vec<ProviderDetails>,
    /// The right to file a grievance.
    pub grievance: GrievanceRight,
}

/// No permission is needed after all (VI.A).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkAccessNotice {
    /// Who can be seen; empty: no one is named.
    pub see: Vec<ProviderDetails>,
    /// The right to file a grievance.
    pub grievance: GrievanceRight,
}

/// The request was not decided in time (42 CFR 438.404(c)(5)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LapseNotice {
    /// The local day on which the time ran out.
    pub due: NaiveDate,
    /// The rule that set it.
    pub rule: Clause,
    /// The right to appeal, counted from that day.
    pub appeal: AppealRight,
    /// The right to file a grievance.
    pub grievance: GrievanceRight,
    /// What follows an appeal, and who helps.
    pub after: FurtherHelp,
}

/// A decision, for the professional who asked (HSC 1367.01(h)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderCopy {
    /// What was decided.
    pub decision: WrittenDecision,
    /// Who decided.
    pub reviewer: NamedReviewer,
    /// The reviewer's direct phone number.
    pub reviewer_phone: String,
    /// The reviewer's specialty; empty: not held.
    pub reviewer_specialty: String,
}

/// What was decided, as a professional's copy has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WrittenDecision {
    /// Denied.
    Denied {
        /// Why.
        reasons: Vec<WrittenReason>,
        /// Whom the member can see instead; `None`: no one is named.
        referral: Option<ProviderDetails>,
        /// How the member appeals.
        appeal: AppealRight,
    },
    /// Approved.
    Approved(WrittenApproval),
}
