//! The sample letters with which templates are checked: one of each kind, and each variety of a denial.

use chrono::{DateTime, NaiveDate};
use uuid::Uuid;

use crate::contact::ContactMethods;
use crate::content::{
    ApprovalNotice, Content, DenialNotice, FurtherHelp, GrievanceNotice, LapseNotice,
    NamedReviewer, NetworkAccessNotice, NetworkOffer, ProviderCopy, ProviderDetails,
    WrittenApproval, WrittenDecision, WrittenReason,
};
use crate::letter::{
    Addressee, LETTER_SCHEMA, Letter, ListedEnclosure, MemberIdentity, RequestSummary,
    RequestingParty, Sender,
};
use crate::plan::{ContactPoint, Plan};
use crate::rights::{AppealRight, GrievanceRight, HearingRight};
use crate::settings::NoticeSettings;
use second_opinion_rules::case::{LanguageTag, Private};
use second_opinion_rules::rules::{Clause, DenialReasonCode};

/// The sample letters. None is made if an office has no contact method; every default office has one.
pub(super) fn letters() -> Vec<Letter> {
    contents()
        .unwrap_or_default()
        .into_iter()
        .flat_map(|content| [false, true].map(|knox_keene| letter(content.clone(), knox_keene)))
        .collect()
}

fn letter(content: Content, knox_keene: bool) -> Letter {
    let plan = Plan::default();
    let settings = NoticeSettings::default();
    Letter {
        schema: LETTER_SCHEMA,
        notice_id: Uuid::nil(),
        determination_id: Uuid::max(),
        language: LanguageTag::english(),
        translation_needed: knox_keene,
        large_print: false,
        day: day(1),
        issued_at: DateTime::UNIX_EPOCH,
        plan: Sender {
            name: plan.name.clone(),
            address_lines: Vec::new(),
            member_services: ContactMethods::new(&plan.member_services),
            knox_keene,
            independent_review: ContactMethods::new(&office(4)),
        },
        to: Addressee {
            full_name: "Addressee of the sample".into(),
            address_lines: vec!["1 Sample Street".into()],
            fax: "(555) 555-0105".into(),
            phone: "(555) 555-0106".into(),
        },
        member: MemberIdentity {
            full_name: "Member of the sample".into(),
            member_id: "90000000A".into(),
        },
        request: RequestSummary {
            by: vec![RequestingParty::Member, RequestingParty::HealthProfessional],
            received: day(2),
            of: Some(provider(1)),
            policy: "POLICY".into(),
            edition: day(3),
        },
        content,
        enclosures: vec![ListedEnclosure {
            title: "Sheet of the sample".into(),
            language: None,
        }],
        language_help: settings.help_lines(&plan.member_services),
    }
}

fn contents() -> Option<Vec<Content>> {
    let grievance = || GrievanceRight::new(&office(1));
    let mut contents = Vec::new();
    for (network, referral) in [
        (NetworkOffer::Open, Some(true)),
        (NetworkOffer::IfOneCan, None),
        (NetworkOffer::NoneNow, Some(false)),
        (NetworkOffer::NoneNow, None),
        (NetworkOffer::NotEligible, None),
    ] {
        let further = DenialReasonCode::ALL.map(reason).to_vec();
        let first = reason(DenialReasonCode::ReasonNotSupported);
        let mut notice = DenialNotice::new(first, further, appeal()?, grievance()?, reviewer());
        notice.after = after();
        notice.network = network;
        notice.referral = referral.map(|in_network| ProviderDetails {
            in_network,
            ..provider(2)
        });
        contents.push(Content::Denial(Box::new(notice)));
    }
    for service_code in ["", "99245"] {
        let approved = WrittenApproval {
            authorization_number: "AUTHORIZATION-1".into(),
            provider: provider(3),
            service_code: service_code.into(),
            units: 7,
            valid_from: day(4),
            valid_through: day(5),
            another_by_agreement: service_code.is_empty(),
        };
        contents.push(Content::Approval(Box::new(ApprovalNotice {
            approved: approved.clone(),
            reviewer: reviewer(),
            grievance: grievance()?,
        })));
        contents.push(copy(WrittenDecision::Approved(approved)));
    }
    contents.push(copy(WrittenDecision::Denied {
        reasons: DenialReasonCode::ALL.map(reason).to_vec(),
        referral: Some(provider(4)),
        appeal: appeal()?,
    }));
    for (under_review, see) in [
        (true, Vec::new()),
        (false, vec![provider(5), provider(6)]),
        (false, Vec::new()),
    ] {
        contents.push(Content::NetworkAccess(Box::new(NetworkAccessNotice {
            see: see.clone(),
            grievance: grievance()?,
        })));
        contents.push(Content::GrievanceInformation(Box::new(GrievanceNotice {
            under_review,
            see,
            grievance: grievance()?,
        })));
    }
    contents.push(Content::Lapse(Box::new(LapseNotice {
        due: day(6),
        rule: Clause::RoutineTimeframe,
        appeal: appeal()?,
        grievance: grievance()?,
        after: after(),
    })));
    Some(contents)
}

fn copy(decision: WrittenDecision) -> Content {
    Content::ProviderCopy(Box::new(ProviderCopy {
        decision,
        reviewer: reviewer(),
        reviewer_phone: "(555) 555-0108".into(),
        reviewer_specialty: "Specialty of the sample".into(),
    }))
}

fn reason(code: DenialReasonCode) -> WrittenReason {
    let words = |what: &str| Private(format!("{what} of {code:?}"));
    WrittenReason {
        code,
        clauses: code.clauses().to_vec(),
        explanation: words("explanation"),
        clinical_rationale: words("rationale"),
        criteria: vec![words("criterion"), words("other criterion")],
        evidence: words("evidence"),
        authority: words("authority"),
        translations: Vec::new(),
    }
}

fn appeal() -> Option<AppealRight> {
    AppealRight::new(day(7), &office(2))
}

fn after() -> FurtherHelp {
    FurtherHelp {
        hearing: HearingRight::new(&office(3)),
        ombudsman: ContactMethods::new(&office(5)),
        legal_help: ContactMethods::new(&office(6)),
    }
}

fn reviewer() -> NamedReviewer {
    NamedReviewer {
        full_name: "Reviewer of the sample".into(),
        title: "Title of the sample".into(),
    }
}

fn provider(n: u32) -> ProviderDetails {
    ProviderDetails {
        name: format!("Provider {n} of the sample"),
        npi: "1234567893".into(),
        phone: format!("(555) 555-02{n:02}"),
        address_lines: vec![format!("{n} Provider Street"), format!("Provider City {n}")],
        in_network: true,
        first_appointment: Some(day(8)),
    }
}

fn office(n: u32) -> ContactPoint {
    ContactPoint {
        name: format!("Office {n}"),
        phone: format!("(555) 555-03{n:02}"),
        tty: format!("(555) 555-04{n:02}"),
        hours: format!("Hours {n}"),
        address_lines: vec![format!("{n} Office Street"), format!("Office City {n}")],
        website: format!("office-{n}.example"),
        ..ContactPoint::default()
    }
}

/// Days that no letter contains by chance.
fn day(n: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2031, n, 10 + n).unwrap_or_default()
}
