//! `deadline`: computes when a request is due, with the clauses.

use chrono::{DateTime, Utc};

use super::evaluate;
use super::failure::Failure;
use crate::case::running_due;
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::rules::{FIRST_ADOPTED, Inquiry, POLICY_NUMBER, UrgencyClaims};
use crate::wire::{render, v1};

/// The arguments of `deadline`.
#[derive(Clone, Debug, clap::Args)]
pub struct DeadlineArgs {
    /// The instant at which the plan received the request, such as 2026-11-20T09:00:00-08:00
    #[arg(long, value_name = "RFC3339")]
    received: String,
    /// The request is urgent
    #[arg(long)]
    urgent: bool,
}

pub(super) fn run(args: &DeadlineArgs, config: &Config) -> Result<(), Failure> {
    let expected = || {
        Failure::Usage(format!(
            "--received: expected an instant such as `2026-11-20T09:00:00-08:00`, got `{}`",
            args.received.escape_debug()
        ))
    };
    let received: DateTime<Utc> = args.received.parse().map_err(|_| expected())?;
    let policy = config.policy();
    if policy.calendar.day_of(received) < FIRST_ADOPTED {
        return Err(Failure::Usage(format!(
            "--received: expected a day from {FIRST_ADOPTED} on, when the policy was adopted"
        )));
    }
    let claims = UrgencyClaims {
        functional: args.urgent,
        ..UrgencyClaims::default()
    };
    let evaluation = policy.evaluate(&Inquiry {
        claims,
        ..Inquiry::received(received)
    });
    let clocks = evaluation.clocks;
    let zone = policy.calendar.zone();
    for clock in &clocks {
        for limit in &clock.limits {
            let skipped: Vec<String> = limit
                .skipped_days
                .iter()
                .map(|day| format!("{} {}", day.date, day.name))
                .collect();
            let closed = if skipped.is_empty() {
                String::new()
            } else {
                format!("; closed: {}", skipped.join(", "))
            };
            let due = limit
                .due_at
                .with_timezone(&zone)
                .format("%a %Y-%m-%d %H:%M:%S %Z");
            eprintln!(
                "{:?}: before {due} by {}{closed}",
                clock.kind,
                limit.source.source()
            );
        }
    }
    let explained = v1::Determination {
        urgency: render::urgency(evaluation.assessment.urgency).into(),
        clocks: render::clocks(&clocks, SystemClock.now(), zone),
        due_at: running_due(&clocks).map(render::timestamp),
        policy_number: POLICY_NUMBER.to_owned(),
        policy_version: evaluation.edition.version.to_string(),
        ..v1::Determination::default()
    };
    evaluate::print(&explained, "Determination")
}
