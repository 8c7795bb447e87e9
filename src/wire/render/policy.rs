//! Renders the policy.

use chrono::{DateTime, Utc};

use super::enums::{clock_kind, urgency};
use super::values::date;
use crate::rules::{
    Amount, CLAUSES, DISCLOSURE, Edition, LIMITS, POLICY_NUMBER, POLICY_TITLE, Policy, REFERENCES,
    TimeLimit,
};
use crate::wire::v1;

/// Renders an edition of the policy, as the plan applies it at an instant.
#[must_use]
pub fn policy(policy: &Policy, edition: &Edition, now: DateTime<Utc>) -> v1::Policy {
    v1::Policy {
        number: POLICY_NUMBER.to_owned(),
        version: date(edition.version),
        title: POLICY_TITLE.to_owned(),
        next_review: date(edition.next_review),
        review_overdue: edition.review_overdue(policy.calendar.day_of(now)),
        limits: LIMITS
            .iter()
            .filter(|limit| policy.law_limits || limit.source.is_policy())
            .map(limit)
            .collect(),
        time_zone: policy.calendar.zone().name().to_owned(),
        clauses: CLAUSES
            .iter()
            .map(|entry| v1::Clause {
                id: entry.id.to_owned(),
                title: entry.title.to_owned(),
                summary: entry.summary.to_owned(),
            })
            .collect(),
        references: REFERENCES
            .iter()
            .map(|&reference| reference.to_owned())
            .collect(),
        disclosure: if policy.law_limits {
            DISCLOSURE.to_owned()
        } else {
            format!(
                "{DISCLOSURE} This plan has disabled the regulatory timeframes; only the limits of {POLICY_NUMBER} apply."
            )
        },
    }
}

fn limit(limit: &TimeLimit) -> v1::TimeLimit {
    use v1::time_limit::Amount as Wire;
    let number = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    v1::TimeLimit {
        source: limit.source.source(),
        urgency: limit
            .urgency
            .map_or(v1::Urgency::Unspecified, urgency)
            .into(),
        clock_kind: clock_kind(limit.clock).into(),
        amount: Some(match limit.amount {
            Amount::Hours(n) => Wire::Hours(number(n)),
            Amount::BusinessDays(n) => Wire::BusinessDays(number(n)),
            Amount::CalendarDays(n) => Wire::CalendarDays(number(n)),
        }),
        first_day: date(limit.first_day),
    }
}
