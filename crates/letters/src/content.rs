//! The content of each kind of letter.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::contact::ContactMethods;
use super::rights::{AppealRight, GrievanceRight, HearingRight};
use second_opinion_rules::case::{NoticeKind, Private, Translation};
use second_opinion_rules::rules::{Clause, DenialReasonCode};

/// The content of a letter, by kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// The request is denied.
    Denial(Box<DenialNotice>),
    /// The request is approved.
    Approval(Box<ApprovalNotice>),
    /// Primary care did not grant the request.
    GrievanceInformation(Box<GrievanceNotice>),
    /// No authorization is needed after all.
    NetworkAccess(Box<NetworkAccessNotice>),
    /// The request was not decided in time.
    Lapse(Box<LapseNotice>),
    /// A decision, for the requesting professional.
    ProviderCopy(Box<ProviderCopy>),
}

impl Content {
    /// The kind of notice.
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

/// A written denial (VI.F). It cannot be built without a reason, the right to appeal, the right to file a grievance,
/// and the contact methods for both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DenialNotice {
    first_reason: WrittenReason,
    further_reasons: Vec<WrittenReason>,
    appeal: AppealRight,
    grievance: GrievanceRight,
    /// The steps after an appeal, and the offices that help.
    pub after: FurtherHelp,
    /// The reviewer.
    pub reviewer: NamedReviewer,
    /// The provider that the member can see instead; `None`: none is named.
    pub referral: Option<ProviderDetails>,
    /// The plan's own network.
    pub network: NetworkOffer,
}

impl DenialNotice {
    /// Builds a denial from the parts that it must have.
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

/// The steps after an appeal, and the offices that help. A part is `None` if the plan has not configured it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FurtherHelp {
    /// The right to a State Hearing, after an appeal.
    pub hearing: Option<HearingRight>,
    /// The State's Ombudsman.
    pub ombudsman: Option<ContactMethods>,
    /// Free legal help.
    pub legal_help: Option<ContactMethods>,
}

/// The plan's own network, in the denial of an out-of-network provider (VI.A, VI.C).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkOffer {
    /// A provider in it can give the opinion, and no authorization is needed.
    Open,
    /// It is unknown whether a provider in it can; any that can may be seen without authorization.
    IfOneCan,
    /// No provider in it can at present.
    NoneNow,
    /// The member is not eligible, so no provider is offered.
    NotEligible,
}

/// A denial reason as a letter states it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenReason {
    /// The reason's code.
    pub code: DenialReasonCode,
    /// The clauses that it rests on.
    pub clauses: Vec<Clause>,
    /// The explanation in plain words, in English.
    pub explanation: Private,
    /// The clinical rationale, in English; empty: none.
    pub clinical_rationale: Private,
    /// The criteria used; empty: the clauses alone.
    pub criteria: Vec<Private>,
    /// The information that was requested and not received, or how eligibility was checked; empty: none.
    pub evidence: Private,
    /// The rule outside this policy; empty: none.
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

    /// Whether the explanation, and the rationale if there is one, are held in a language.
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

/// The reviewer as a member's letter names them: without the direct phone number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedReviewer {
    /// The name.
    pub full_name: String,
    /// The title.
    pub title: String,
}

/// A provider as a letter names it.
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
    /// The first available appointment; `None`: unknown.
    pub first_appointment: Option<NaiveDate>,
}

/// An approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalNotice {
    /// The approved service.
    pub approved: WrittenApproval,
    /// The reviewer.
    pub reviewer: NamedReviewer,
    /// The right to file a grievance.
    pub grievance: GrievanceRight,
}

/// The approved service, as a letter states it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenApproval {
    /// The authorization number.
    pub authorization_number: String,
    /// The approved provider.
    pub provider: ProviderDetails,
    /// CPT or HCPCS; empty: a consultation for a second opinion.
    pub service_code: Private,
    /// The number of visits.
    pub units: u32,
    /// The first local day of validity.
    pub valid_from: NaiveDate,
    /// The last local day of validity.
    pub valid_through: NaiveDate,
    /// Whether the member agreed to this provider in place of the requested one.
    pub another_by_agreement: bool,
}

/// Primary care did not grant the request (VI.E). This is not a denial by the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrievanceNotice {
    /// Whether the plan itself now reviews the request; otherwise no authorization is needed.
    pub under_review: bool,
    /// The network providers that the member can see; empty: none is named.
    pub see: Vec<ProviderDetails>,
    /// The right to file a grievance.
    pub grievance: GrievanceRight,
}

/// No authorization is needed after all (VI.A).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkAccessNotice {
    /// The network providers that the member can see; empty: none is named.
    pub see: Vec<ProviderDetails>,
    /// The right to file a grievance.
    pub grievance: GrievanceRight,
}

/// The request was not decided in time (42 CFR 438.404(c)(5)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LapseNotice {
    /// The local day on which the time ran out.
    pub due: NaiveDate,
    /// The rule that set the limit.
    pub rule: Clause,
    /// The right to appeal, counted from that day.
    pub appeal: AppealRight,
    /// The right to file a grievance.
    pub grievance: GrievanceRight,
    /// The steps after an appeal, and the offices that help.
    pub after: FurtherHelp,
}

/// A decision, for the requesting professional (HSC 1367.01(h)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderCopy {
    /// The decision.
    pub decision: WrittenDecision,
    /// The reviewer.
    pub reviewer: NamedReviewer,
    /// The reviewer's direct phone number.
    pub reviewer_phone: String,
    /// The reviewer's specialty; empty: not held.
    pub reviewer_specialty: String,
}

/// The decision in a professional's copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WrittenDecision {
    /// Denied.
    Denied {
        /// The reasons.
        reasons: Vec<WrittenReason>,
        /// The provider that the member can see instead; `None`: none is named.
        referral: Option<ProviderDetails>,
        /// The member's right to appeal.
        appeal: AppealRight,
    },
    /// Approved.
    Approved(WrittenApproval),
}
