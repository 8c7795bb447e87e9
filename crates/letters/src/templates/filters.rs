//! What can a template do with a value of the letter? One filter a line of this table.
//!
//! | filter | of | gives |
//! | --- | --- | --- |
//! | `words` | any text | the text as the template's own words |
//! | `date` | a day | `January 22, 2027` |
//! | `span` | a span of time | `60 calendar days` |
//! | `how` | an office | a list of the ways to reach it |
//! | `how_named` | an office | the same after its name |
//! | `phone` | an office | its phone number, and the TTY's |
//! | `provider_name` | a provider | its name, or its NPI in words |
//! | `asked_by` | who asked | `you and your representative` |
//! | `reason` | a denial reason's code | the reason in plain words |

use std::fmt::Write as _;
use std::sync::Arc;

use minijinja::value::Serde;
use minijinja::{Environment, Error, ErrorKind, Value};

use super::markup::guarded;
use super::words::Words;
use crate::contact::{HowTo, Way};
use crate::content::ProviderInWriting;
use crate::letter::Asker;
use crate::rights::Span;
use second_opinion_rules::case::same_name;
use second_opinion_rules::rules::DenialReasonCode;

/// Gives an environment the filters of a language.
pub(super) fn add(environment: &mut Environment<'static>, language: &str, words: &Arc<Words>) {
    let language: Arc<str> = language.into();
    environment.add_filter("words", |text: String| Value::from_safe_string(text));
    let of = Arc::clone(words);
    environment.add_filter("date", move |day: &str| {
        day.parse()
            .map(|day| Value::from_safe_string(of.date(day)))
            .map_err(|_| wrong("`date` takes a day"))
    });
    let of = Arc::clone(words);
    environment.add_filter("span", move |span: Serde<Span>| {
        Value::from_safe_string(self::span(&of, span.0))
    });
    let (of, spoken) = (Arc::clone(words), Arc::clone(&language));
    environment.add_filter("how", move |how: Arc<HowTo>| {
        Value::from_safe_string(ways(&of, &spoken, &how))
    });
    let (of, spoken) = (Arc::clone(words), Arc::clone(&language));
    environment.add_filter("how_named", move |how: Arc<HowTo>| {
        let name = guarded(how.name(&spoken));
        Value::from_safe_string(format!("{name}:\n\n{}", ways(&of, &spoken, &how)))
    });
    let of = Arc::clone(words);
    environment.add_filter("phone", move |how: Arc<HowTo>| {
        Value::from_safe_string(phone(&of, &how))
    });
    let of = Arc::clone(words);
    environment.add_filter(
        "provider_name",
        move |provider: Serde<ProviderInWriting>| provider_name(&of, &provider.0),
    );
    let of = Arc::clone(words);
    environment.add_filter("asked_by", move |by: Serde<Vec<Asker>>| {
        Value::from_safe_string(asked_by(&of, &by.0))
    });
    let of = Arc::clone(words);
    environment.add_filter("reason", move |code: Serde<DenialReasonCode>| {
        Value::from_safe_string(reason(&of, code.0).to_owned())
    });
}

fn wrong(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, what)
}

fn span(words: &Words, span: Span) -> String {
    let (text, n) = match span {
        Span::Hours(n) => (&words.hours, n),
        Span::BusinessDays(n) => (&words.business_days, n),
        Span::CalendarDays(n) => (&words.calendar_days, n),
    };
    text.replace("{n}", &n.to_string())
}

/// The ways to reach an office, an item each.
fn ways(words: &Words, language: &str, how: &HowTo) -> String {
    let mut items = String::new();
    for way in how.ways() {
        let item = match way {
            Way::Phone { number, tty, .. } => {
                let mut item = words.by_phone.replace("{number}", &guarded(number));
                if !tty.is_empty() {
                    item.push_str(". ");
                    item.push_str(&words.tty.replace("{number}", &guarded(tty)));
                }
                if let Some(hours) = how.hours(language) {
                    item.push_str(". ");
                    item.push_str(&guarded(hours));
                }
                item
            }
            Way::Address { lines } => {
                let name = how.name(language);
                // Many an address begins with the name of the office.
                let lines: Vec<&str> = std::iter::once(name)
                    .chain(
                        lines
                            .iter()
                            .map(String::as_str)
                            .filter(|line| !same_name(line, how.own_name())),
                    )
                    .collect();
                words
                    .by_mail
                    .replace("{address}", &guarded(&lines.join(", ")))
            }
            Way::Website { url } => words.online.replace("{address}", &guarded(url)),
        };
        // INVARIANT: writing to a string cannot fail.
        let _ = writeln!(items, "- {item}");
    }
    items
}

fn phone(words: &Words, how: &HowTo) -> String {
    how.ways()
        .find_map(|way| match way {
            Way::Phone { number, tty, .. } if tty.is_empty() => Some(guarded(number)),
            Way::Phone { number, tty, .. } => {
                let tty = words.tty.replace("{number}", &guarded(tty));
                Some(format!("{} ({tty})", guarded(number)))
            }
            Way::Address { .. } | Way::Website { .. } => None,
        })
        .unwrap_or_default()
}

fn provider_name(words: &Words, provider: &ProviderInWriting) -> Value {
    if provider.name.is_empty() {
        let npi = guarded(&provider.npi);
        Value::from_safe_string(words.provider_by_npi.replace("{npi}", &npi))
    } else {
        Value::from(provider.name.clone())
    }
}

fn asked_by(words: &Words, by: &[Asker]) -> String {
    let mut who: Vec<&str> = Vec::new();
    for asker in by {
        let asker: &str = match asker {
            Asker::Member => &words.asked_by.member,
            Asker::Representative => &words.asked_by.representative,
            Asker::HealthProfessional => &words.asked_by.health_professional,
        };
        if !who.contains(&asker) {
            who.push(asker);
        }
    }
    who.join(&format!(" {} ", words.and))
}

fn reason(words: &Words, code: DenialReasonCode) -> &str {
    let reasons = &words.reasons;
    match code {
        DenialReasonCode::QualifiedNetworkProviderAvailable => {
            &reasons.qualified_network_provider_available
        }
        DenialReasonCode::ProviderNotMediCalCertified => &reasons.provider_not_medi_cal_certified,
        DenialReasonCode::ProviderNotQualified => &reasons.provider_not_qualified,
        DenialReasonCode::ReasonNotSupported => &reasons.reason_not_supported,
        DenialReasonCode::InsufficientInformation => &reasons.insufficient_information,
        DenialReasonCode::MemberNotEligible => &reasons.member_not_eligible,
    }
}
