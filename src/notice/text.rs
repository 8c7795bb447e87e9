//! How does a letter read as plain text, in English?

use chrono::NaiveDate;

use super::letter::{
    ApprovalNotice, Asker, Content, DenialNotice, Letter, ProviderInWriting, ReasonInWriting,
};
use super::rights::{HowTo, Way};

/// As wide as a line of text is.
const COLUMNS: usize = 78;

/// A letter as plain text: UTF-8, lines of at most 78 columns, a line feed after each.
#[must_use]
pub fn text(letter: &Letter) -> String {
    let mut page = Page::default();
    heading(&mut page, letter);
    match &letter.content {
        Content::Denial(notice) => denial(&mut page, letter, notice),
        Content::Approval(notice) => approval(&mut page, letter, notice),
    }
    closing(&mut page, letter);
    page.text
}

/// Text that grows by paragraphs.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    fn wrapped(&mut self, words: &str, first: &str, rest: &str) {
        for paragraph in words
            .lines()
            .map(str::trim)
            .filter(|paragraph| !paragraph.is_empty())
        {
            let options = textwrap::Options::new(COLUMNS)
                .initial_indent(first)
                .subsequent_indent(rest)
                .break_words(false);
            for line in textwrap::wrap(paragraph, options) {
                self.line(&line);
            }
        }
    }

    fn paragraph(&mut self, words: &str) {
        self.gap();
        self.wrapped(words, "", "");
    }

    fn section(&mut self, title: &str) {
        self.gap();
        self.line(&title.to_uppercase());
    }

    fn item(&mut self, words: &str) {
        self.wrapped(words, "  - ", "    ");
    }
}

/// A local day in words: `November 30, 2026`.
fn day(day: NaiveDate) -> String {
    day.format("%B %-d, %Y").to_string()
}

fn heading(page: &mut Page, letter: &Letter) {
    page.line(&letter.plan.name);
    page.gap();
    page.line(match &letter.content {
        Content::Denial(_) => "NOTICE OF ACTION: YOUR REQUEST FOR A SECOND OPINION WAS DENIED",
        Content::Approval(_) => "YOUR REQUEST FOR A SECOND OPINION WAS APPROVED",
    });
    page.gap();
    page.line(&format!("Date: {}", day(letter.day)));
    page.line(&format!("Case number: {}", letter.determination_id));
    page.line(&format!("Member ID: {}", letter.member.member_id.as_str()));
    page.gap();
    for line in std::iter::once(&letter.member.full_name).chain(&letter.member.address_lines) {
        if !line.is_empty() {
            page.line(line.as_str());
        }
    }
    let name = letter.member.full_name.as_str();
    page.gap();
    page.line(&format!(
        "Dear {},",
        if name.is_empty() { "Member" } else { name }
    ));
}

fn asked(letter: &Letter) -> String {
    let request = &letter.request;
    let mut who: Vec<&str> = Vec::new();
    for asker in &request.by {
        let words = match asker {
            Asker::Member => "you",
            Asker::Representative => "your representative",
            Asker::HealthProfessional => "a health professional who treats you",
        };
        if !who.contains(&words) {
            who.push(words);
        }
    }
    let whom = if request.of.is_empty() {
        "no provider was named".to_owned()
    } else {
        format!("the provider asked for was {}", request.of)
    };
    format!(
        "On {}, {} received a request for a second medical opinion for you. It came from {}; {whom}.",
        day(request.received),
        letter.plan.name,
        who.join(" and ")
    )
}

fn denial(page: &mut Page, letter: &Letter, notice: &DenialNotice) {
    page.paragraph(&asked(letter));
    page.paragraph(&format!(
        "We reviewed the request under our policy {} (Second Medical Opinions). We cannot approve it.",
        letter.request.policy
    ));

    page.section("Why");
    for (number, reason) in notice.reasons().enumerate() {
        self::reason(page, number + 1, reason);
    }
    page.paragraph(
        "The rules and criteria that we used are guidelines. They were applied to you and your own health. You and your provider can have, free of charge, copies of the criteria and of all records that we used. You can also ask for the names of any experts whose advice we asked. Call member services.",
    );
    page.paragraph(&format!(
        "This decision was made by {}, {}. To talk about it, call member services at {}.",
        notice.reviewer.full_name,
        notice.reviewer.title,
        letter
            .plan
            .member_services
            .as_ref()
            .map(phone)
            .unwrap_or_default()
    ));

    page.section("Who you can see instead");
    match &notice.referral {
        Some(referral) if referral.in_network => {
            page.wrapped(
                "You can get a second opinion from this provider in our network:",
                "",
                "",
            );
            provider(page, referral);
        }
        Some(referral) => {
            page.wrapped(
                "We refer you to this provider, who is outside our network and certified by Medi-Cal:",
                "",
                "",
            );
            provider(page, referral);
            page.wrapped("Call member services and we will arrange it.", "", "");
        }
        None => {}
    }
    page.wrapped(
        "You can see any provider in our network for a second opinion. You do not need our permission, and the second opinion is free for you.",
        "",
        "",
    );

    appeal(page, notice);
    grievance(page, notice);
    if let Some(hearing) = &notice.hearing {
        page.section("State Hearing");
        page.wrapped(
            &format!(
                "If you appealed and do not agree with our answer, you can ask for a State Hearing within {} of the date of that answer. You can also ask for one if we do not answer your appeal in time.",
                hearing.window()
            ),
            "",
            "",
        );
        how(page, hearing.how());
    }
    page.section("Help");
    page.wrapped(
        "You can have someone help you or speak for you. It can be a relative, a friend, a provider or a lawyer. We will not treat you differently because you filed an appeal or a grievance.",
        "",
        "",
    );
    for help in [&notice.ombudsman, &notice.legal_help]
        .into_iter()
        .flatten()
    {
        page.wrapped(&format!("{}:", help.name()), "", "");
        how(page, help);
    }
}

fn reason(page: &mut Page, number: usize, reason: &ReasonInWriting) {
    page.wrapped(reason.explanation.as_str(), &format!("{number}. "), "   ");
    let clauses: Vec<String> = reason
        .clauses
        .iter()
        .map(|clause| clause.source())
        .collect();
    if !clauses.is_empty() {
        page.wrapped(&format!("Rule: {}.", clauses.join(", ")), "   ", "   ");
    }
    for (title, words) in [
        ("Rule", &reason.authority),
        ("Clinical reason", &reason.clinical_rationale),
        ("What this rests on", &reason.evidence),
    ] {
        if !words.is_empty() {
            page.wrapped(&format!("{title}: {}", words.as_str()), "   ", "   ");
        }
    }
    for criterion in &reason.criteria {
        page.wrapped(
            &format!("Criteria used: {}", criterion.as_str()),
            "   ",
            "   ",
        );
    }
}

fn appeal(page: &mut Page, notice: &DenialNotice) {
    let appeal = notice.appeal();
    page.section("Your right to appeal");
    page.wrapped(
        &format!(
            "If you do not agree with this decision you can appeal. An appeal asks us to look at it again. You have {} from the date of this letter: the last day is {}.",
            appeal.window(),
            day(appeal.last_day())
        ),
        "",
        "",
    );
    page.paragraph("How to appeal:");
    how(page, appeal.how());
    page.item("You can appeal in your own words, by speaking or in writing. You can send us anything that supports your appeal.");
    page.item(
        "Someone can appeal for you: a representative, or a provider with your written consent.",
    );
    page.paragraph(&format!(
        "We will confirm in writing within {} that we have your appeal, and answer it within {}. If waiting could seriously harm your life, your health or your ability to function, ask for an expedited appeal: we answer it within {}.",
        appeal.acknowledged(),
        appeal.resolved(),
        appeal.expedited()
    ));
}

fn grievance(page: &mut Page, notice: &DenialNotice) {
    page.section("Your right to file a grievance");
    page.wrapped(
        "A grievance is a complaint about our service or your care. You can file one at any time; there is no last day.",
        "",
        "",
    );
    page.paragraph("How to file a grievance:");
    how(page, notice.grievance().how());
}

fn approval(page: &mut Page, letter: &Letter, notice: &ApprovalNotice) {
    page.paragraph(&asked(letter));
    page.paragraph(&format!(
        "We reviewed the request under our policy {} (Second Medical Opinions) and approved it.",
        letter.request.policy
    ));
    page.section("What is approved");
    let service = if notice.service_code.is_empty() {
        "a consultation for a second opinion".to_owned()
    } else {
        format!("service {}", notice.service_code.as_str())
    };
    let visits = if notice.units == 1 {
        "1 visit".to_owned()
    } else {
        format!("{} visits", notice.units)
    };
    page.item(&format!("Service: {service}, {visits}"));
    page.item(&format!(
        "Authorization number: {}",
        notice.authorization_number
    ));
    page.item(&format!(
        "Use it from {} through {}.",
        day(notice.valid_from),
        day(notice.valid_through)
    ));
    page.paragraph("Your provider for the second opinion:");
    provider(page, &notice.provider);
    if notice.another_by_agreement {
        page.wrapped(
            "You agreed to see this provider in place of the one first asked for.",
            "",
            "",
        );
    }
    page.paragraph(
        "The second opinion is free for you. Member services can help you make the appointment, and arrange a ride or an interpreter, at no cost.",
    );
    page.paragraph(
        "This approval is for the opinion alone. If the provider recommends treatment outside our network, that treatment needs its own authorization (policy MCUP3041) before it begins.",
    );
    page.paragraph(
        "The criteria that we used are guidelines. You and your provider can have, free of charge, copies of the criteria. Call member services.",
    );
    page.section("If you are not satisfied");
    page.wrapped("You can file a grievance at any time:", "", "");
    how(page, notice.grievance.how());
}

fn provider(page: &mut Page, provider: &ProviderInWriting) {
    page.wrapped(&provider.name, "    ", "    ");
    if !provider.phone.is_empty() {
        page.wrapped(&format!("Phone: {}", provider.phone), "    ", "    ");
    }
    for line in &provider.address_lines {
        page.wrapped(line, "    ", "    ");
    }
}

fn how(page: &mut Page, how: &HowTo) {
    for way in how.ways() {
        match way {
            Way::Phone { number, tty, hours } => {
                let tty = if tty.is_empty() {
                    String::new()
                } else {
                    format!("; TTY {tty}")
                };
                let hours = if hours.is_empty() {
                    String::new()
                } else {
                    format!("; {hours}")
                };
                page.item(&format!("By phone: {number}{tty}{hours}"));
            }
            Way::Address { lines } => {
                page.item(&format!(
                    "By mail or in person: {}, {}",
                    how.name(),
                    lines.join(", ")
                ));
            }
            Way::Website { url } => page.item(&format!("Online: {url}")),
        }
    }
}

fn phone(how: &HowTo) -> String {
    how.ways()
        .find_map(|way| match way {
            Way::Phone { number, tty, .. } if tty.is_empty() => Some(number.clone()),
            Way::Phone { number, tty, .. } => Some(format!("{number} (TTY {tty})")),
            Way::Address { .. } | Way::Website { .. } => None,
        })
        .unwrap_or_default()
}

fn closing(page: &mut Page, letter: &Letter) {
    page.section("This letter in another language or form");
    page.wrapped(
        "You can have this letter read to you, in another language, in large print, in audio, in braille or on a data CD, free of charge. Interpreters are free.",
        "",
        "",
    );
    if let Some(services) = &letter.plan.member_services {
        page.wrapped(&format!("{}:", services.name()), "", "");
        how(page, services);
    }
}
