//! Renders an event as an entry of a case's history.

use chrono::{DateTime, Utc};

use super::enums::{clock_kind, event_type};
use super::values::timestamp;
use crate::case::{Event, EventBody};
use crate::wire::v1;

pub(super) fn entry(event: &Event) -> v1::HistoryEntry {
    v1::HistoryEntry {
        version: event.version.into(),
        event: event_type(event.body.kind()).into(),
        actor: event.actor.id.clone(),
        occurred_at: Some(timestamp(event.occurred_at)),
        detail: detail(&event.body),
    }
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

fn detail(body: &EventBody) -> String {
    match body {
        EventBody::Submitted(event) => {
            format!("received {}", instant(event.request.received_at))
        }
        EventBody::Verified(event) => {
            let learned = [
                (event.provider.is_some(), "the requested provider"),
                (
                    event.network_availability.is_some(),
                    "the network's availability",
                ),
                (event.member.is_some(), "the member"),
            ];
            let learned: Vec<&str> = learned
                .into_iter()
                .filter(|(learned, _)| *learned)
                .map(|(_, what)| what)
                .collect();
            if learned.is_empty() {
                String::new()
            } else {
                format!("facts recorded about {}", learned.join(", "))
            }
        }
        EventBody::Expedited(event) => {
            let claims = event.claim.claims();
            let statements = [
                (
                    claims.psychological,
                    event.claim.psychological_jeopardy.as_str(),
                ),
                (
                    claims.practitioner,
                    event
                        .claim
                        .practitioner_opinion
                        .as_ref()
                        .map_or("", |opinion| opinion.statement.as_str()),
                ),
                (claims.functional, event.claim.functional_jeopardy.as_str()),
            ];
            statements
                .into_iter()
                .filter(|(made, _)| *made)
                .map(|(_, text)| text)
                .collect::<Vec<_>>()
                .join("\n")
        }
        EventBody::Withdrawn(event) => event.withdrawal.reason.0.clone(),
        EventBody::Approved(event) => {
            format!("authorization {}", event.approval.authorization_number)
        }
        EventBody::Denied(event) => {
            let codes: Vec<String> = event
                .denial()
                .reasons
                .iter()
                .map(|reason| {
                    reason
                        .code
                        .clauses()
                        .iter()
                        .map(|clause| clause.id())
                        .collect::<Vec<_>>()
                        .join(", ")
                })
                .filter(|clauses| !clauses.is_empty())
                .collect();
            if codes.is_empty() {
                String::new()
            } else {
                format!("under {}", codes.join("; "))
            }
        }
        EventBody::Notified(event) => event
            .notification
            .notice_id
            .map(|id| format!("notice {id}"))
            .unwrap_or_default(),
        EventBody::DueSoon(event) => format!(
            "{} percent of the time of {} had elapsed; due {}",
            event.elapsed_percent,
            clock_kind(event.clock).as_str_name(),
            instant(event.due_at)
        ),
        EventBody::Overdue(event) => {
            let kind = clock_kind(event.clock).as_str_name();
            let ran_out = format!("{kind} was due {}", instant(event.due_at));
            let letters = event.notices.iter();
            letters.fold(ran_out, |text, letter| {
                format!("{text}; notice {}", letter.notice_id)
            })
        }
    }
}
