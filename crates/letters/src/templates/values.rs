//! The values of a letter that its templates can print.
//!
//! These are the letter's own fields, its kind as `kind` and its content as `notice`; of texts held in several
//! languages, the one in the template's language.

use chrono::{DateTime, NaiveDate, Utc};
use minijinja::Value;
use minijinja::value::Serde;
use serde::Serialize;
use uuid::Uuid;

use crate::content::{
    ApprovalNotice, Content, FurtherHelp, GrievanceNotice, NamedReviewer, NetworkAccessNotice,
    NetworkOffer, ProviderDetails, WrittenApproval, WrittenDecision, WrittenReason,
};
use crate::letter::{Addressee, LanguageHelp, Letter, MemberIdentity, RequestSummary, Sender};
use crate::rights::{AppealRight, GrievanceRight};
use second_opinion_rules::case::{LanguageTag, NoticeKind, Private, Translation};
use second_opinion_rules::rules::DenialReasonCode;

/// The values of a letter for the templates of a language.
pub(super) fn template_values(letter: &Letter, language: &str) -> Value {
    let enclosures = letter.enclosures.iter().filter(|sheet| {
        let own = sheet.language.as_ref();
        own.is_none_or(|tag| tag.primary() == language)
    });
    let help = letter.language_help.iter();
    let values = LetterValues {
        schema: letter.schema,
        notice_id: letter.notice_id,
        determination_id: letter.determination_id,
        language: &letter.language,
        translation_needed: letter.translation_needed,
        large_print: letter.large_print,
        day: letter.day,
        issued_at: letter.issued_at,
        plan: &letter.plan,
        to: &letter.to,
        member: &letter.member,
        request: &letter.request,
        kind: letter.content.kind(),
        notice: NoticeValues::of(&letter.content, language),
        enclosures: enclosures.map(|sheet| sheet.title.as_str()).collect(),
        language_help: help
            .filter(|line| line.language.primary() != language)
            .collect(),
    };
    Value::from(Serde(TemplateRoot { letter: values }))
}

#[derive(Serialize)]
struct TemplateRoot<'a> {
    letter: LetterValues<'a>,
}

#[derive(Serialize)]
struct LetterValues<'a> {
    schema: u32,
    notice_id: Uuid,
    determination_id: Uuid,
    language: &'a LanguageTag,
    translation_needed: bool,
    large_print: bool,
    day: NaiveDate,
    issued_at: DateTime<Utc>,
    plan: &'a Sender,
    to: &'a Addressee,
    member: &'a MemberIdentity,
    request: &'a RequestSummary,
    kind: NoticeKind,
    notice: NoticeValues<'a>,
    enclosures: Vec<&'a str>,
    language_help: Vec<&'a LanguageHelp>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum NoticeValues<'a> {
    Denial {
        reasons: Vec<ReasonValues<'a>>,
        appeal: &'a AppealRight,
        grievance: &'a GrievanceRight,
        after: &'a FurtherHelp,
        reviewer: &'a NamedReviewer,
        referral: Option<&'a ProviderDetails>,
        network: NetworkOffer,
    },
    Approval(&'a ApprovalNotice),
    GrievanceInformation(&'a GrievanceNotice),
    NetworkAccess(&'a NetworkAccessNotice),
    Lapse {
        due: NaiveDate,
        rule: String,
        appeal: &'a AppealRight,
        grievance: &'a GrievanceRight,
        after: &'a FurtherHelp,
    },
    ProviderCopy {
        decision: DecisionValues<'a>,
        reviewer: &'a NamedReviewer,
        reviewer_phone: &'a str,
        reviewer_specialty: &'a str,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum DecisionValues<'a> {
    Denied {
        reasons: Vec<ReasonValues<'a>>,
        referral: Option<&'a ProviderDetails>,
        appeal: &'a AppealRight,
    },
    Approved(&'a WrittenApproval),
}

#[derive(Serialize)]
struct ReasonValues<'a> {
    code: DenialReasonCode,
    clauses: Vec<String>,
    explanation: &'a Private,
    clinical_rationale: &'a Private,
    criteria: &'a [Private],
    evidence: &'a Private,
    authority: &'a Private,
    translations: &'a [Translation],
}

impl<'a> NoticeValues<'a> {
    fn of(content: &'a Content, language: &str) -> Self {
        match content {
            Content::Denial(denial) => Self::Denial {
                reasons: denial
                    .reasons()
                    .map(|reason| ReasonValues::of(reason, language))
                    .collect(),
                appeal: denial.appeal(),
                grievance: denial.grievance(),
                after: &denial.after,
                reviewer: &denial.reviewer,
                referral: denial.referral.as_ref(),
                network: denial.network,
            },
            Content::Approval(approval) => Self::Approval(approval),
            Content::GrievanceInformation(grievance) => Self::GrievanceInformation(grievance),
            Content::NetworkAccess(access) => Self::NetworkAccess(access),
            Content::Lapse(lapse) => Self::Lapse {
                due: lapse.due,
                rule: lapse.rule.source(),
                appeal: &lapse.appeal,
                grievance: &lapse.grievance,
                after: &lapse.after,
            },
            Content::ProviderCopy(copy) => Self::ProviderCopy {
                decision: match &copy.decision {
                    WrittenDecision::Denied {
                        reasons,
                        referral,
                        appeal,
                    } => DecisionValues::Denied {
                        reasons: reasons
                            .iter()
                            .map(|reason| ReasonValues::of(reason, language))
                            .collect(),
                        referral: referral.as_ref(),
                        appeal,
                    },
                    WrittenDecision::Approved(approved) => DecisionValues::Approved(approved),
                },
                reviewer: &copy.reviewer,
                reviewer_phone: &copy.reviewer_phone,
                reviewer_specialty: &copy.reviewer_specialty,
            },
        }
    }
}

impl<'a> ReasonValues<'a> {
    /// A reason with its words in a language if they are held, else in English.
    fn of(reason: &'a WrittenReason, language: &str) -> Self {
        let translation = reason.translation(language);
        let held = |words: Option<&'a Private>, english: &'a Private| {
            words.filter(|words| !words.is_empty()).unwrap_or(english)
        };
        Self {
            code: reason.code,
            clauses: reason
                .clauses
                .iter()
                .map(|clause| clause.source())
                .collect(),
            explanation: held(
                translation.map(|words| &words.explanation),
                &reason.explanation,
            ),
            clinical_rationale: held(
                translation.map(|words| &words.clinical_rationale),
                &reason.clinical_rationale,
            ),
            criteria: &reason.criteria,
            evidence: &reason.evidence,
            authority: &reason.authority,
            translations: &reason.translations,
        }
    }
}
