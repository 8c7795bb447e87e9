//! Does every template say what a letter of its kind owes to its reader?
//!
//! Each is filled in with samples, and each section and each word that is owed is looked for in what comes out.

use super::compiled::Templates;
use super::sample;
use super::shipped::{SHIPPED_LANGUAGES, file_of};
use super::words::Words;
use crate::contact::{HowTo, Way};
use crate::content::{
    ApprovedInWriting, Content, DecisionInWriting, FurtherHelp, ProviderCopy, ProviderInWriting,
    ReasonInWriting,
};
use crate::document::{Block, Document, Section};
use crate::letter::Letter;
use crate::rights::AppealRight;

/// What a section owes, each with the key that a template prints it by.
type Owed = Vec<(&'static str, String)>;

/// Everything that some template does not say.
pub(super) fn complaints(templates: &Templates) -> Vec<String> {
    let mut complaints = Vec::new();
    for language in SHIPPED_LANGUAGES {
        let Some(words) = templates.words(language) else {
            continue;
        };
        for letter in sample::letters() {
            let file = file_of(letter.content.kind());
            match templates.document(&letter, language) {
                Err(error) => complaints.push(error.to_string()),
                Ok(document) => complaints.extend(
                    missing(&letter, &document, words)
                        .into_iter()
                        .map(|lack| format!("{language}/{file}: {lack}")),
                ),
            }
        }
    }
    complaints.sort();
    complaints.dedup();
    complaints
}

/// What a letter owes to its reader and does not say.
pub(super) fn missing(letter: &Letter, document: &Document, words: &Words) -> Vec<String> {
    let mut lacks = Vec::new();
    let whole = whole(document);
    for (key, words) in head(letter, words) {
        if !whole.contains(&words) {
            lacks.push(format!("`{key}` is missing"));
        }
    }
    for (section, owed) in owed(letter, &document.language, words) {
        match document.section(section) {
            None => lacks.push(format!("section `{}` is missing", section.name())),
            Some(said) if said.trim().is_empty() => {
                lacks.push(format!("section `{}` is empty", section.name()));
            }
            Some(said) => lacks.extend(
                owed.iter()
                    .filter(|(_, words)| !said.contains(words.as_str()))
                    .map(|(key, _)| format!("section `{}` lacks `{key}`", section.name())),
            ),
        }
    }
    lacks
}

fn whole(document: &Document) -> String {
    document.blocks.iter().map(Block::plain).collect()
}

fn head(letter: &Letter, words: &Words) -> Owed {
    let case = letter.determination_id.to_string();
    vec![
        ("letter.day", words.date(letter.day)),
        ("letter.determination_id", case),
        ("letter.member.full_name", of(&letter.member.full_name)),
        ("letter.member.member_id", of(&letter.member.member_id)),
    ]
}

fn of(private: &second_opinion_rules::case::Private) -> String {
    private.as_str().to_owned()
}

/// The sections that a letter owes, and what each owes.
fn owed(letter: &Letter, language: &str, words: &Words) -> Vec<(Section, Owed)> {
    let mut decision = vec![(
        "letter.request.received",
        words.date(letter.request.received),
    )];
    if let Some(provider) = &letter.request.of {
        decision.push(("letter.request.of", provider.name.clone()));
    }
    let services: Owed = letter
        .plan
        .member_services
        .iter()
        .flat_map(|how| phone("letter.plan.member_services", how))
        .collect();
    let mut owed = vec![
        (Section::Decision, decision),
        (Section::Language, services.clone()),
    ];
    match &letter.content {
        Content::Denial(notice) => {
            let reviewer = [
                (
                    "letter.notice.reviewer.full_name",
                    &notice.reviewer.full_name,
                ),
                ("letter.notice.reviewer.title", &notice.reviewer.title),
            ];
            let reviewer = reviewer.map(|(key, words)| (key, words.clone()));
            let reviewer: Owed = reviewer.into_iter().chain(services.clone()).collect();
            owed.extend([
                (Section::Reasons, reasons(notice.reasons(), language)),
                (Section::Criteria, services),
                (Section::Reviewer, reviewer),
                (
                    Section::Instead,
                    notice.referral.iter().flat_map(provider).collect(),
                ),
                (Section::Appeal, appeal(notice.appeal(), words)),
                (
                    Section::Grievance,
                    how("letter.notice.grievance.how", notice.grievance().how()),
                ),
            ]);
            owed.extend(after(letter, &notice.after));
        }
        Content::Approval(notice) => {
            owed.extend([
                (Section::Approved, approved(&notice.approved, words)),
                (Section::Treatment, Vec::new()),
                (Section::Criteria, services),
                (
                    Section::Grievance,
                    how("letter.notice.grievance.how", notice.grievance.how()),
                ),
            ]);
        }
        Content::GrievanceInformation(notice) => owed.extend([
            (
                Section::Instead,
                notice.see.iter().flat_map(provider).collect(),
            ),
            (
                Section::Grievance,
                how("letter.notice.grievance.how", notice.grievance.how()),
            ),
        ]),
        Content::NetworkAccess(notice) => owed.extend([
            (
                Section::Instead,
                notice.see.iter().flat_map(provider).collect(),
            ),
            (
                Section::Grievance,
                how("letter.notice.grievance.how", notice.grievance.how()),
            ),
        ]),
        Content::Lapse(notice) => {
            owed[0]
                .1
                .push(("letter.notice.due", words.date(notice.due)));
            owed.extend([
                (Section::Appeal, appeal(&notice.appeal, words)),
                (
                    Section::Grievance,
                    how("letter.notice.grievance.how", notice.grievance.how()),
                ),
            ]);
            owed.extend(after(letter, &notice.after));
        }
        Content::ProviderCopy(copy) => {
            owed.truncate(1);
            owed.extend(of_copy(copy, language, words));
        }
    }
    owed
}

fn of_copy(copy: &ProviderCopy, language: &str, words: &Words) -> Vec<(Section, Owed)> {
    let reviewer = vec![
        (
            "letter.notice.reviewer.full_name",
            copy.reviewer.full_name.clone(),
        ),
        ("letter.notice.reviewer_phone", copy.reviewer_phone.clone()),
    ];
    let decision = match &copy.decision {
        DecisionInWriting::Denied { reasons, .. } => {
            (Section::Reasons, self::reasons(reasons.iter(), language))
        }
        DecisionInWriting::Approved(approval) => (Section::Approved, approved(approval, words)),
    };
    vec![
        (Section::Reviewer, reviewer),
        (Section::Criteria, Vec::new()),
        decision,
    ]
}

fn reasons<'a>(reasons: impl Iterator<Item = &'a ReasonInWriting>, language: &str) -> Owed {
    let mut owed = Vec::new();
    for reason in reasons {
        let translated = reason.translation(language);
        let explanation = translated.map_or(&reason.explanation, |words| &words.explanation);
        let rationale = translated.map_or(&reason.clinical_rationale, |words| {
            &words.clinical_rationale
        });
        owed.extend([
            ("reason.explanation", of(explanation)),
            ("reason.clinical_rationale", of(rationale)),
            ("reason.evidence", of(&reason.evidence)),
            ("reason.authority", of(&reason.authority)),
        ]);
        owed.extend(
            reason
                .criteria
                .iter()
                .map(|criterion| ("reason.criteria", of(criterion))),
        );
        owed.extend(
            reason
                .clauses
                .iter()
                .map(|clause| ("reason.clauses", clause.source())),
        );
    }
    owed
}

fn appeal(right: &AppealRight, words: &Words) -> Owed {
    let mut owed = vec![(
        "letter.notice.appeal.last_day",
        words.date(right.last_day()),
    )];
    owed.extend(how("letter.notice.appeal.how", right.how()));
    owed
}

fn after(letter: &Letter, after: &FurtherHelp) -> Vec<(Section, Owed)> {
    let mut owed = Vec::new();
    if let Some(hearing) = &after.hearing {
        let key = "letter.notice.after.hearing.how";
        owed.push((Section::Hearing, how(key, hearing.how())));
    }
    if letter.plan.knox_keene {
        let review = letter.plan.independent_review.iter();
        let key = "letter.plan.independent_review";
        owed.push((
            Section::IndependentReview,
            review.flat_map(|office| how(key, office)).collect(),
        ));
    }
    let helpers = after.ombudsman.iter().chain(&after.legal_help);
    let key = "letter.notice.after";
    owed.push((
        Section::Help,
        helpers.flat_map(|office| how(key, office)).collect(),
    ));
    owed
}

fn approved(approved: &ApprovedInWriting, words: &Words) -> Owed {
    let mut owed = vec![
        (
            "authorization_number",
            approved.authorization_number.clone(),
        ),
        ("units", approved.units.to_string()),
        ("valid_from", words.date(approved.valid_from)),
        ("valid_through", words.date(approved.valid_through)),
    ];
    owed.extend(provider(&approved.provider));
    owed
}

fn provider(provider: &ProviderInWriting) -> Owed {
    std::iter::once(("name", provider.name.clone()))
        .chain([("phone", provider.phone.clone())])
        .chain(
            provider
                .address_lines
                .iter()
                .map(|line| ("address_lines", line.clone())),
        )
        .collect()
}

/// The phone number and the TTY of an office.
fn phone(key: &'static str, how: &HowTo) -> Owed {
    how.ways()
        .filter_map(|way| match way {
            Way::Phone { number, tty, .. } => Some([number, tty].map(|it| (key, it.clone()))),
            Way::Address { .. } | Way::Website { .. } => None,
        })
        .flatten()
        .collect()
}

/// Every way to reach an office.
fn how(key: &'static str, how: &HowTo) -> Owed {
    let mut owed = phone(key, how);
    for way in how.ways() {
        match way {
            Way::Phone { .. } => {}
            Way::Address { lines } => owed.extend(lines.iter().map(|line| (key, line.clone()))),
            Way::Website { url } => owed.push((key, url.clone())),
        }
    }
    owed
}
