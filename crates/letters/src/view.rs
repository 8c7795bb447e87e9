//! What do templates see of a letter?
//!
//! Its own fields, with `kind`, with `notice` for its content, and of what it holds in several languages the one that is
//! wanted.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use minijinja::Value;
use minijinja::value::{Object, ObjectRepr, Serde, serializing_for_value};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::letter::{
    AboutMember, Addressee, ApprovalNotice, ApprovedInWriting, Asked, Content, DecisionInWriting,
    FurtherHelp, GrievanceNotice, LanguageHelp, Letter, NetworkAccessNotice, NetworkOffer,
    ProviderInWriting, ReasonInWriting, ReviewerInWriting, Sender,
};
use super::rights::{AppealRight, GrievanceRight, HowTo};
use second_opinion_rules::case::{LanguageTag, NoticeKind, Private, Translation};
use second_opinion_rules::rules::DenialReasonCode;

/// A letter as the templates of a language see it.
pub(super) fn view(letter: &Letter, language: &str) -> Value {
    let enclosures = letter.enclosures.iter().filter(|sheet| {
        let own = sheet.language.as_ref();
        own.is_none_or(|tag| tag.primary() == language)
    });
    let help = letter.language_help.iter();
    let seen = Seen {
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
        notice: Notice::of(&letter.content, language),
        enclosures: enclosures.map(|sheet| sheet.title.as_str()).collect(),
        language_help: help
            .filter(|line| line.language.primary() != language)
            .collect(),
    };
    Value::from(Serde(Root { letter: seen }))
}

#[derive(Serialize)]
struct Root<'a> {
    letter: Seen<'a>,
}

#[derive(Serialize)]
struct Seen<'a> {
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
    member: &'a AboutMember,
    request: &'a Asked,
    kind: NoticeKind,
    notice: Notice<'a>,
    enclosures: Vec<&'a str>,
    language_help: Vec<&'a LanguageHelp>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Notice<'a> {
    Denial {
        reasons: Vec<Reason<'a>>,
        appeal: &'a AppealRight,
        grievance: &'a GrievanceRight,
        after: &'a FurtherHelp,
        reviewer: &'a ReviewerInWriting,
        referral: Option<&'a ProviderInWriting>,
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
        decision: Decision<'a>,
        reviewer: &'a ReviewerInWriting,
        reviewer_phone: &'a str,
        reviewer_specialty: &'a str,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Decision<'a> {
    Denied {
        reasons: Vec<Reason<'a>>,
        referral: Option<&'a ProviderInWriting>,
        appeal: &'a AppealRight,
    },
    Approved(&'a ApprovedInWriting),
}

#[derive(Serialize)]
struct Reason<'a> {
    code: DenialReasonCode,
    clauses: Vec<String>,
    explanation: &'a Private,
    clinical_rationale: &'a Private,
    criteria: &'a [Private],
    evidence: &'a Private,
    authority: &'a Private,
    translations: &'a [Translation],
}

impl<'a> Notice<'a> {
    fn of(content: &'a Content, language: &str) -> Self {
        match content {
            Content::Denial(denial) => Self::Denial {
                reasons: denial
                    .reasons()
                    .map(|reason| Reason::of(reason, language))
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
                    DecisionInWriting::Denied {
                        reasons,
                        referral,
                        appeal,
                    } => Decision::Denied {
                        reasons: reasons
                            .iter()
                            .map(|reason| Reason::of(reason, language))
                            .collect(),
                        referral: referral.as_ref(),
                        appeal,
                    },
                    DecisionInWriting::Approved(approved) => Decision::Approved(approved),
                },
                reviewer: &copy.reviewer,
                reviewer_phone: &copy.reviewer_phone,
                reviewer_specialty: &copy.reviewer_specialty,
            },
        }
    }
}

impl<'a> Reason<'a> {
    /// A reason with its words in a language where they are held, else in English.
    fn of(reason: &'a ReasonInWriting, language: &str) -> Self {
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

// === an office in a template ===

/// Templates hold an office whole and hand it to a filter: a letter names some six, most of them more than once, and to
/// take one apart for the template and put it together again for each filter costs more than what the filter writes.
impl Object for HowTo {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let fields = Value::from(Serde(AsStored(self)));
        let field = fields.get_item(key).ok();
        field.filter(|field| !field.is_undefined())
    }
}

struct AsStored<'a>(&'a HowTo);

impl Serialize for AsStored<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        HowTo::serialize(self.0, serializer)
    }
}

impl Serialize for HowTo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializing_for_value() {
            Value::from_object(self.clone()).serialize(serializer)
        } else {
            Self::serialize(self, serializer)
        }
    }
}

impl<'de> Deserialize<'de> for HowTo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::ContactPoint;

    #[test]
    fn an_office_is_stored_as_its_fields_and_templates_can_look_into_it() {
        let office = HowTo::new(&ContactPoint {
            name: "Office".into(),
            phone: "(555) 555-0100".into(),
            ..ContactPoint::default()
        })
        .expect("a way");
        let stored = serde_json::to_value(&office).expect("JSON");
        assert_eq!(stored["first"]["phone"]["number"], "(555) 555-0100");
        assert_eq!(
            serde_json::from_value::<HowTo>(stored).ok(),
            Some(office.clone())
        );

        let seen = Value::from(Serde(&office));
        assert!(seen.is_true(), "`{{% if office %}}`");
        assert_eq!(
            seen.get_attr("name").expect("a field").as_str(),
            Some("Office")
        );
        assert!(seen.get_attr("nosuch").expect("undefined").is_undefined());
        let whole = seen.downcast_object_ref::<HowTo>();
        assert_eq!(whole, Some(&office), "filters are handed the office itself");
    }
}
