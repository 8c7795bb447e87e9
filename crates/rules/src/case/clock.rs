//! Does a clock still run, and was it kept?

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::rules::{ClockKind, ClockStart, Limit, earliest};

/// A clock of a case. Nothing stretches it: limits may be added, none taken away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// What it runs toward.
    pub kind: ClockKind,
    /// From when it counts.
    #[serde(with = "crate::rules::instant")]
    pub started_at: DateTime<Utc>,
    /// Every limit in force; the earliest binds.
    pub limits: Vec<Limit>,
    /// How it was stopped; `None`: it runs.
    pub stopped: Option<Stop>,
}

/// How a clock was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// When.
    #[serde(with = "crate::rules::instant")]
    pub at: DateTime<Utc>,
    /// Whether what it ran toward was done (a decision, a notification), or it was no longer needed.
    pub because: Because,
}

/// Why a clock stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Because {
    /// What it ran toward was done.
    Done,
    /// The request was withdrawn, or needs no authorisation after all.
    NotNeeded,
}

/// How a clock stands.
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

impl From<ClockStart> for Clock {
    fn from(start: ClockStart) -> Self {
        Self {
            kind: start.kind,
            started_at: start.started_at,
            limits: start.limits,
            stopped: None,
        }
    }
}

impl Clock {
    /// The first instant that is too late.
    #[must_use]
    pub fn due_at(&self) -> DateTime<Utc> {
        earliest(&self.limits, self.started_at)
    }

    /// Whether it runs.
    #[must_use]
    pub fn runs(&self) -> bool {
        self.stopped.is_none()
    }

    /// How it stands at an instant. On time means strictly before the due instant.
    #[must_use]
    pub fn timeliness(&self, as_of: DateTime<Utc>) -> Timeliness {
        let due_at = self.due_at();
        match self.stopped {
            None if as_of < due_at => Timeliness::Running,
            None => Timeliness::Overdue,
            Some(stop) if stop.at >= due_at => Timeliness::Missed,
            Some(Stop {
                because: Because::Done,
                ..
            }) => Timeliness::Met,
            Some(Stop {
                because: Because::NotNeeded,
                ..
            }) => Timeliness::NotCounted,
        }
    }

    pub(super) fn stop(&mut self, at: DateTime<Utc>, because: Because) {
        if self.stopped.is_none() {
            self.stopped = Some(Stop { at, because });
        }
    }

    /// Takes the limits that `start` has and this clock has not.
    pub(super) fn gain(&mut self, limits: Vec<Limit>) {
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

/// The earliest due instant of the clocks that run; `None` where none does.
#[must_use]
pub fn running_due(clocks: &[Clock]) -> Option<DateTime<Utc>> {
    clocks
        .iter()
        .filter(|clock| clock.runs())
        .map(Clock::due_at)
        .min()
}

/// The earliest due instant of all clocks, stopped ones included: where a case stands in a worklist.
#[must_use]
pub fn first_due(clocks: &[Clock]) -> Option<DateTime<Utc>> {
    clocks.iter().map(Clock::due_at).min()
}
