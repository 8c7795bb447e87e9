//! A clock of a request: its limits, the instant at which it is due, and how it was stopped.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::calendar::SkippedDay;
use super::clause::Clause;
use super::edition::ClockKind;

/// A clock. Nothing stretches it: limits may be added, none is taken away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// The duty that it measures.
    pub kind: ClockKind,
    /// The instant from which its time counts.
    #[serde(with = "super::instant")]
    pub started_at: DateTime<Utc>,
    /// Every limit in force; never empty. The earliest binds.
    pub limits: Vec<Limit>,
    /// How it was stopped; `None`: it runs.
    pub stopped: Option<Stop>,
}

/// One limit of a clock, computed: its source, its instant, and the closures that moved it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// The clause or law that sets it.
    pub source: Clause,
    /// The first instant that is too late.
    #[serde(with = "super::instant")]
    pub due_at: DateTime<Utc>,
    /// Weekday closures inside the window, in order. Weekends are not listed.
    #[serde(default)]
    pub skipped_days: Vec<SkippedDay>,
}

/// The stop of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// The instant.
    #[serde(with = "super::instant")]
    pub at: DateTime<Utc>,
    /// The cause.
    #[serde(rename = "because")]
    pub reason: StopReason,
}

/// The cause of a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StopReason {
    /// The duty was done: a decision was made, or a person was notified.
    Done,
    /// The request was withdrawn, or needs no authorization after all.
    NotNeeded,
}

/// The standing of a clock at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Timeliness {
    /// It runs and is not yet due.
    Running,
    /// It runs and is past due.
    Overdue,
    /// It was stopped in time.
    Met,
    /// It was stopped too late.
    Missed,
    /// It was no longer needed before it was due.
    NotCounted,
}

impl Clock {
    /// A clock that starts to run.
    pub(super) fn started(kind: ClockKind, started_at: DateTime<Utc>, limits: Vec<Limit>) -> Self {
        Self {
            kind,
            started_at,
            limits,
            stopped: None,
        }
    }

    /// The first instant that is too late: the earliest of the limits.
    #[must_use]
    pub fn due_at(&self) -> DateTime<Utc> {
        let due = self.limits.iter().map(|limit| limit.due_at).min();
        // INVARIANT: a clock is never made without a limit; its start stands in so that this cannot fail.
        due.unwrap_or(self.started_at)
    }

    /// Whether it runs.
    #[must_use]
    pub fn runs(&self) -> bool {
        self.stopped.is_none()
    }

    /// Its standing at an instant. In time means strictly before the due instant.
    #[must_use]
    pub fn timeliness(&self, as_of: DateTime<Utc>) -> Timeliness {
        let due_at = self.due_at();
        match self.stopped {
            None if as_of < due_at => Timeliness::Running,
            None => Timeliness::Overdue,
            Some(stop) if stop.at >= due_at => Timeliness::Missed,
            Some(stop) => match stop.reason {
                StopReason::Done => Timeliness::Met,
                StopReason::NotNeeded => Timeliness::NotCounted,
            },
        }
    }

    /// Stops the clock; one that was stopped before keeps its first stop.
    pub(crate) fn stop(&mut self, at: DateTime<Utc>, reason: StopReason) {
        if self.stopped.is_none() {
            self.stopped = Some(Stop { at, reason });
        }
    }

    /// Lets a clock that was stopped run again, with its old start and limits.
    pub(crate) fn restart(&mut self) {
        self.stopped = None;
    }

    /// Adds limits, except if one of the same source is due no later already.
    pub(crate) fn add_limits(&mut self, limits: Vec<Limit>) {
        for limit in limits {
            if !self
                .limits
                .iter()
                .any(|held| held.source == limit.source && held.due_at <= limit.due_at)
            {
                self.limits.push(limit);
            }
        }
    }
}

/// The earliest due instant of the clocks that run; `None`: none runs.
#[must_use]
pub fn running_due(clocks: &[Clock]) -> Option<DateTime<Utc>> {
    clocks
        .iter()
        .filter(|clock| clock.runs())
        .map(Clock::due_at)
        .min()
}

/// The earliest due instant of all clocks, stopped ones included, which sorts the worklist; `None`: there is no clock.
#[must_use]
pub fn first_due(clocks: &[Clock]) -> Option<DateTime<Utc>> {
    clocks.iter().map(Clock::due_at).min()
}
