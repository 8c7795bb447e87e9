//! Metrics of the policy's deadlines: open cases as the store has them, stopped clocks and decisions as this process made
//! them.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;

use crate::case::{CaseState, Decision};
use crate::rules::{Clock, ClockKind, StopReason, Urgency};
use crate::store::{CLOCKS, OpenCases, TimeLeft};

const URGENCIES: [Urgency; 2] = [Urgency::Routine, Urgency::Urgent];
/// The upper bounds of the time from receipt to decision in seconds: the limits that bind, and steps between them.
const DECISION_SECONDS: [f64; 12] = hours([
    1.0, 4.0, 8.0, 24.0, 48.0, 72.0, 96.0, 120.0, 168.0, 240.0, 336.0, 672.0,
]);

const fn hours(mut bounds: [f64; 12]) -> [f64; 12] {
    let mut at = 0;
    while at < bounds.len() {
        bounds[at] *= 3_600.0;
        at += 1;
    }
    bounds
}

/// The deadlines of a case before an event: which clocks were stopped, and whether it was decided.
#[derive(Clone, Debug, Default)]
pub struct DeadlinesBefore {
    stopped: Vec<ClockKind>,
    decided: bool,
}

/// What an event did to a case's deadlines.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeadlineChanges {
    /// The clocks that a decision or a notification stopped, and whether it came too late.
    stopped: Vec<(ClockKind, bool)>,
    /// The time from receipt to decision.
    decided: Option<(Urgency, TimeDelta)>,
}

impl DeadlinesBefore {
    /// The deadlines of a case's state.
    #[must_use]
    pub fn of(state: &CaseState) -> Self {
        Self {
            stopped: stopped(state).map(|(kind, _)| kind).collect(),
            decided: decided_at(state).is_some(),
        }
    }

    /// What has changed in the file since.
    #[must_use]
    pub fn changes(&self, after: &CaseState) -> DeadlineChanges {
        let decided_at = decided_at(after).filter(|_| !self.decided);
        DeadlineChanges {
            stopped: stopped(after)
                .filter(|(kind, _)| !self.stopped.contains(kind))
                .collect(),
            decided: decided_at.map(|decided_at| {
                // A decision before the receipt comes from a clock that was set back.
                let took = (decided_at - after.request.received_at).max(TimeDelta::zero());
                (after.assessment.urgency, took)
            }),
        }
    }
}

/// The clocks that a decision or a notification stopped, and whether it came too late.
fn stopped(state: &CaseState) -> impl Iterator<Item = (ClockKind, bool)> {
    state.clocks.iter().filter_map(|clock: &Clock| {
        let stop = clock
            .stopped
            .filter(|stop| stop.reason == StopReason::Done)?;
        Some((clock.kind, stop.at >= clock.due_at()))
    })
}

fn decided_at(state: &CaseState) -> Option<DateTime<Utc>> {
    state.decision.as_ref().and_then(Decision::decided_at)
}

/// Stopped clocks and decisions of this process.
#[derive(Debug)]
pub struct DeadlineCounters {
    /// By kind of clock in the order of [`CLOCKS`]: in time, and too late.
    stopped: [[Counter; 2]; CLOCKS.len()],
    /// By urgency in the order of [`URGENCIES`].
    decided: [Histogram; URGENCIES.len()],
}

impl Default for DeadlineCounters {
    fn default() -> Self {
        Self {
            stopped: Default::default(),
            decided: URGENCIES.map(|_| Histogram::new(DECISION_SECONDS)),
        }
    }
}

impl DeadlineCounters {
    /// Counts what a committed event changed.
    pub fn count(&self, changes: &DeadlineChanges) {
        for (kind, too_late) in &changes.stopped {
            let of_kind = CLOCKS.iter().zip(&self.stopped);
            for (_, counters) in of_kind.filter(|(clock, _)| *clock == kind) {
                counters[usize::from(*too_late)].inc();
            }
        }
        if let Some((urgency, took)) = &changes.decided {
            let of_urgency = URGENCIES.iter().zip(&self.decided);
            for (_, histogram) in of_urgency.filter(|(held, _)| *held == urgency) {
                histogram.observe(took.as_seconds_f64());
            }
        }
    }

    pub(super) fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let name = "second_opinion_clocks_stopped";
        let help = "Clocks stopped by decisions and notifications of this process";
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (clock, counters) in CLOCKS.into_iter().zip(&self.stopped) {
            for (outcome, counter) in ["met", "missed"].into_iter().zip(counters) {
                let labels = [("clock", clock_label(clock)), ("outcome", outcome)];
                counter.encode(family.encode_family(&labels)?)?;
            }
        }
        let name = "second_opinion_decision_seconds";
        let help = "Time from receipt to decision, of decisions of this process";
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
        for (urgency, histogram) in URGENCIES.into_iter().zip(&self.decided) {
            histogram.encode(family.encode_family(&[("urgency", urgency_label(urgency))])?)?;
        }
        Ok(())
    }
}

/// Open cases, the same on every replica.
pub(super) fn encode_open_cases(
    encoder: &mut DescriptorEncoder<'_>,
    open_cases: &OpenCases,
    now: DateTime<Utc>,
) -> fmt::Result {
    let name = "second_opinion_open_cases";
    let help = "Cases whose clock runs, by the time that is left";
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for clock in CLOCKS {
        for time_left in TimeLeft::ALL {
            let labels = [
                ("clock", clock_label(clock)),
                ("time_left", time_left_label(time_left)),
            ];
            let count = open_cases.running(clock, time_left);
            family.encode_family(&labels)?.encode_gauge(&count)?;
        }
    }
    let name = "second_opinion_next_due_seconds";
    let help = "Seconds until the next clock runs out; below zero: it has";
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for clock in CLOCKS {
        if let Some(due) = open_cases.next_due(clock) {
            let left = (due - now).as_seconds_f64();
            family
                .encode_family(&[("clock", clock_label(clock))])?
                .encode_gauge(&left)?;
        }
    }
    let oldest = open_cases
        .oldest_undecided()
        .map_or(0.0, |oldest| (now - oldest).as_seconds_f64());
    let name = "second_opinion_oldest_undecided_seconds";
    let help = "Age of the oldest case without a decision, from its receipt";
    encoder
        .encode_descriptor(name, help, None, MetricType::Gauge)?
        .encode_gauge(&oldest)
}

const fn clock_label(clock: ClockKind) -> &'static str {
    match clock {
        ClockKind::Determination => "determination",
        ClockKind::MemberNotification => "member_notification",
        ClockKind::ProviderNotification => "provider_notification",
    }
}

const fn time_left_label(time_left: TimeLeft) -> &'static str {
    match time_left {
        TimeLeft::Overdue => "overdue",
        TimeLeft::UnderFourHours => "lt_4h",
        TimeLeft::UnderADay => "lt_24h",
        TimeLeft::UnderThreeDays => "lt_72h",
        TimeLeft::More => "more",
    }
}

const fn urgency_label(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Routine => "routine",
        Urgency::Urgent => "urgent",
    }
}
