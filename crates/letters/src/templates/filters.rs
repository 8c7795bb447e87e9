//! The filters that templates apply to the values of a letter.
//!
//! | filter | of | gives |
//! | --- | --- | --- |
//! | `words` | any text | the text as the template's own words |
//! | `date` | a day | `January 22, 2027` |
//! | `span` | a span of time | `60 calendar days` |
//! | `how` | an office | a list of its contact methods |
//! | `how_named` | an office | the same after its name |
//! | `phone` | an office | its phone number with the TTY number |
//! | `provider_name` | a provider | its name, or its NPI in words |
//! | `asked_by` | requesting parties | `you and your representative` |
//! | `reason` | a denial reason's code | the reason in plain words |

use std::fmt::Write as _;
use std::sync::Arc;

use minijinja::value::Serde;
use minijinja::{Environment, Error, ErrorKind, Value};

use super::markup::guard;
use super::words::Words;
use crate::contact::{ContactMethod, ContactMethods};
use crate::content::ProviderDetails;
use crate::letter::RequestingParty;
use crate::rights::TimeSpan;
use second_opinion_rules::case::same_name;
use second_opinion_rules::rules::DenialReasonCode;

/// Adds the filters of a language to an environment.
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
    environment.add_filter("span", move |span: Serde<TimeSpan>| {
        Value::from_safe_string(self::span(&of, span.0))
    });
    let (of, tag) = (Arc::clone(words), Arc::clone(&language));
    environment.add_filter("how", move |contact: Arc<ContactMethods>| {
        Value::from_safe_string(contact_list(&of, &tag, &contact))
    });
    let (of, tag) = (Arc::clone(words), Arc::clone(&language));
    environment.add_filter("how_named", move |contact: Arc<ContactMethods>| {
        let name = guard(contact.name(&tag));
        Value::from_safe_string(format!("{name}:\n\n{}", contact_list(&of, &tag, &contact)))
    });
    let of = Arc::clone(words);
    environment.add_filter("phone", move |contact: Arc<ContactMethods>| {
        Value::from_safe_string(phone(&of, &contact))
    });
    let of = Arc::clone(words);
    environment.add_filter("provider_name", move |provider: Serde<ProviderDetails>| {
        provider_name(&of, &provider.0)
    });
    let of = Arc::clone(words);
    environment.add_filter("asked_by", move |by: Serde<Vec<RequestingParty>>| {
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

fn span(words: &Words, span: TimeSpan) -> String {
    let (text, n) = match span {
        TimeSpan::Hours(n) => (&words.hours, n),
        TimeSpan::BusinessDays(n) => (&words.business_days, n),
        TimeSpan::CalendarDays(n) => (&words.calendar_days, n),
    };
    text.replace("{n}", &n.to_string())
}

/// The contact methods of an office, as the items of a list.
fn contact_list(words: &Words, language: &str, contact: &ContactMethods) -> String {
    let mut items = String::new();
    for method in contact.methods() {
        let item = match method {
            ContactMethod::Phone { number, tty, .. } => {
                let mut item = words.by_phone.replace("{number}", &guard(number));
                if !tty.is_empty() {
                    item.push_str(". ");
                    item.push_str(&words.tty.replace("{number}", &guard(tty)));
                }
                if let Some(hours) = contact.hours(language) {
                    item.push_str(". ");
                    item.push_str(&guard(hours));
                }
                item
            }
            ContactMethod::Address { lines } => {
                let name = contact.name(language);
                // Many addresses begin with the name of the office, which is already printed.
                let lines: Vec<&str> = std::iter::once(name)
                    .chain(
                        lines
                            .iter()
                            .map(String::as_str)
                            .filter(|line| !same_name(line, contact.english_name())),
                    )
                    .collect();
                words
                    .by_mail
                    .replace("{address}", &guard(&lines.join(", ")))
            }
            ContactMethod::Website { url } => words.online.replace("{address}", &guard(url)),
        };
        // INVARIANT: writing to a string cannot fail.
        let _ = writeln!(items, "- {item}");
    }
    items
}

fn phone(words: &Words, contact: &ContactMethods) -> String {
    contact
        .methods()
        .find_map(|method| match method {
            ContactMethod::Phone { number, tty, .. } if tty.is_empty() => Some(guard(number)),
            ContactMethod::Phone { number, tty, .. } => {
                let tty = words.tty.replace("{number}", &guard(tty));
                Some(format!("{} ({tty})", guard(number)))
            }
            ContactMethod::Address { .. } | ContactMethod::Website { .. } => None,
        })
        .unwrap_or_default()
}

fn provider_name(words: &Words, provider: &ProviderDetails) -> Value {
    if provider.name.is_empty() {
        let npi = guard(&provider.npi);
        Value::from_safe_string(words.provider_by_npi.replace("{npi}", &npi))
    } else {
        Value::from(provider.name.clone())
    }
}

fn asked_by(words: &Words, by: &[RequestingParty]) -> String {
    let mut who: Vec<&str> = Vec::new();
    for party in by {
        let party: &str = match party {
            RequestingParty::Member => &words.asked_by.member,
            RequestingParty::Representative => &words.asked_by.representative,
            RequestingParty::HealthProfessional => &words.asked_by.health_professional,
        };
        if !who.contains(&party) {
            who.push(party);
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
