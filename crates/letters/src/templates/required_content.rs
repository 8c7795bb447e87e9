//! Checks that every template contains what a letter of its kind must tell its reader.
//!
//! Each template is filled in with sample letters; each required section and value must be in the result.

use super::compiled::Templates;
use super::sample;
use super::shipped::{SHIPPED_LANGUAGES, template_file};
use super::words::Words;
use crate::contact::{ContactMethod, ContactMethods};
use crate::content::{
    Content, FurtherHelp, ProviderCopy, ProviderDetails, WrittenApproval, WrittenDecision,
    WrittenReason,
};
use crate::document::{Block, Document, Section};
use crate::letter::Letter;
use crate::rights::AppealRight;

/// The values that a section must contain, each with the key by which a template prints it.
type Required = Vec<(&'static str, String)>;

/// Every problem of the templates.
pub(super) fn problems(templates: &Templates) -> Vec<String> {
    let mut problems = Vec::new();
    for language in SHIPPED_LANGUAGES {
        let Some(words) = templates.words(language) else {
            continue;
        };
        for letter in sample::letters() {
            let file = template_file(letter.content.kind());
            match templates.document(&letter, language) {
                Err(error) => problems.push(error.to_string()),
                Ok(document) => problems.extend(
                    missing(&letter, &document, words)
                        .into_iter()
                        .map(|problem| format!("{language}/{file}: {problem}")),
                ),
            }
        }
    }
    problems.sort();
    problems.dedup();
    problems
}

/// The required content that a letter lacks.
pub(super) fn missing(letter: &Letter, document: &Document, words: &Words) -> Vec<String> {
    let mut problems = Vec::new();
    let all_words = all_words(document);
    for (key, words) in required_in_any_section(letter, words) {
        if !all_words.contains(&words) {
            problems.push(format!("`{key}` is missing"));
        }
    }
    for (section, required) in required(letter, &document.language, words) {
        match document.section(section) {
            None => problems.push(format!("section `{}` is missing", section.name())),
            Some(text) if text.trim().is_empty() => {
                problems.push(format!("section `{}` is empty", section.name()));
            }
            Some(text) => problems.extend(
                required
                    .iter()
                    .filter(|(_, words)| !text.contains(words.as_str()))
                    .map(|(key, _)| format!("section `{}` lacks `{key}`", section.name())),
            ),
        }
    }
    problems
}

fn all_words(document: &Document) -> String {
    document.blocks.iter().map(Block::plain).collect()
}

fn required_in_any_section(letter: &Letter, words: &Words) -> Required {
    let case = letter.determination_id.to_string();
    vec![
        ("letter.day", words.date(letter.day)),
        ("letter.determination_id", case),
        ("letter.member.full_name", text_of(&letter.member.full_name)),
        ("letter.member.member_id", text_of(&letter.member.member_id)),
    ]
}

fn text_of(private: &second_opinion_rules::case::Private) -> String {
    private.as_str().to_owned()
}

/// The sections that a letter requires, with the values that each must contain.
fn required(letter: &Letter, language: &str, words: &Words) -> Vec<(Section, Required)> {
    let mut decision = vec![(
        "letter.request.received",
        words.date(letter.request.received),
    )];
    if let Some(provider) = &letter.request.of {
        decision.push(("letter.request.of", provider.name.clone()));
    }
    let services: Required = letter
        .plan
        .member_services
        .iter()
        .flat_map(|how| phone("letter.plan.member_services", how))
        .collect();
    let mut required = vec![
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
            let reviewer: Required = reviewer.into_iter().chain(services.clone()).collect();
            required.extend([
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
                    contact_methods("letter.notice.grievance.how", notice.grievance().how()),
                ),
            ]);
            required.extend(after(letter, &notice.after));
        }
        Content::Approval(notice) => {
            required.extend([
                (Section::Approved, approved(&notice.approved, words)),
                (Section::Treatment, Vec::new()),
                (Section::Criteria, services),
                (
                    Section::Grievance,
                    contact_methods("letter.notice.grievance.how", notice.grievance.how()),
                ),
            ]);
        }
        Content::GrievanceInformation(notice) => required.extend([
            (
                Section::Instead,
                notice.see.iter().flat_map(provider).collect(),
            ),
            (
                Section::Grievance,
                contact_methods("letter.notice.grievance.how", notice.grievance.how()),
            ),
        ]),
        Content::NetworkAccess(notice) => required.extend([
            (
                Section::Instead,
                notice.see.iter().flat_map(provider).collect(),
            ),
            (
                Section::Grievance,
                contact_methods("letter.notice.grievance.how", notice.grievance.how()),
            ),
        ]),
        Content::Lapse(notice) => {
            required[0]
                .1
                .push(("letter.notice.due", words.date(notice.due)));
            required.extend([
                (Section::Appeal, appeal(&notice.appeal, words)),
                (
                    Section::Grievance,
                    contact_methods("letter.notice.grievance.how", notice.grievance.how()),
                ),
            ]);
            required.extend(after(letter, &notice.after));
        }
        Content::ProviderCopy(copy) => {
            required.truncate(1);
            required.extend(required_of_copy(copy, language, words));
        }
    }
    required
}

fn required_of_copy(
    copy: &ProviderCopy,
    language: &str,
    words: &Words,
) -> Vec<(Section, Required)> {
    let reviewer = vec![
        (
            "letter.notice.reviewer.full_name",
            copy.reviewer.full_name.clone(),
        ),
        ("letter.notice.reviewer_phone", copy.reviewer_phone.clone()),
    ];
    let decision = match &copy.decision {
        WrittenDecision::Denied { reasons, .. } => {
            (Section::Reasons, self::reasons(reasons.iter(), language))
        }
        WrittenDecision::Approved(approval) => (Section::Approved, approved(approval, words)),
    };
    vec![
        (Section::Reviewer, reviewer),
        (Section::Criteria, Vec::new()),
        decision,
    ]
}

fn reasons<'a>(reasons: impl Iterator<Item = &'a WrittenReason>, language: &str) -> Required {
    let mut required = Vec::new();
    for reason in reasons {
        let translated = reason.translation(language);
        let explanation = translated.map_or(&reason.explanation, |words| &words.explanation);
        let rationale = translated.map_or(&reason.clinical_rationale, |words| {
            &words.clinical_rationale
        });
        required.extend([
            ("reason.explanation", text_of(explanation)),
            ("reason.clinical_rationale", text_of(rationale)),
            ("reason.evidence", text_of(&reason.evidence)),
            ("reason.authority", text_of(&reason.authority)),
        ]);
        required.extend(
            reason
                .criteria
                .iter()
                .map(|criterion| ("reason.criteria", text_of(criterion))),
        );
        required.extend(
            reason
                .clauses
                .iter()
                .map(|clause| ("reason.clauses", clause.source())),
        );
    }
    required
}

fn appeal(right: &AppealRight, words: &Words) -> Required {
    let mut required = vec![(
        "letter.notice.appeal.last_day",
        words.date(right.last_day()),
    )];
    required.extend(contact_methods("letter.notice.appeal.how", right.how()));
    required
}

fn after(letter: &Letter, after: &FurtherHelp) -> Vec<(Section, Required)> {
    let mut required = Vec::new();
    if let Some(hearing) = &after.hearing {
        let key = "letter.notice.after.hearing.how";
        required.push((Section::Hearing, contact_methods(key, hearing.how())));
    }
    if letter.plan.knox_keene {
        let review = letter.plan.independent_review.iter();
        let key = "letter.plan.independent_review";
        required.push((
            Section::IndependentReview,
            review
                .flat_map(|office| contact_methods(key, office))
                .collect(),
        ));
    }
    let helpers = after.ombudsman.iter().chain(&after.legal_help);
    let key = "letter.notice.after";
    required.push((
        Section::Help,
        helpers
            .flat_map(|office| contact_methods(key, office))
            .collect(),
    ));
    required
}

fn approved(approved: &WrittenApproval, words: &Words) -> Required {
    let mut required = vec![
        (
            "authorization_number",
            approved.authorization_number.clone(),
        ),
        ("units", approved.units.to_string()),
        ("valid_from", words.date(approved.valid_from)),
        ("valid_through", words.date(approved.valid_through)),
    ];
    required.extend(provider(&approved.provider));
    required
}

fn provider(provider: &ProviderDetails) -> Required {
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

/// The phone number and the TTY number of an office.
fn phone(key: &'static str, contact: &ContactMethods) -> Required {
    contact
        .methods()
        .filter_map(|method| match method {
            ContactMethod::Phone { number, tty, .. } => {
                Some([number, tty].map(|it| (key, it.clone())))
            }
            ContactMethod::Address { .. } | ContactMethod::Website { .. } => None,
        })
        .flatten()
        .collect()
}

/// Every contact method of an office.
fn contact_methods(key: &'static str, contact: &ContactMethods) -> Required {
    let mut required = phone(key, contact);
    for method in contact.methods() {
        match method {
            ContactMethod::Phone { .. } => {}
            ContactMethod::Address { lines } => {
                required.extend(lines.iter().map(|line| (key, line.clone())));
            }
            ContactMethod::Website { url } => required.push((key, url.clone())),
        }
    }
    required
}
