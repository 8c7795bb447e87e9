//! The events that time alone causes: a reminder when a share of a clock's time has elapsed, and that a clock ran out.
//!
//! Each reminder, and that time ran out, is recorded once for each kind of clock; the case keeps what was recorded. The
//! sweeper asks for them at an instant of its own. Nothing here decides anything, and no clock is changed.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::event::{DueSoon, Overdue};
use super::{Case, CaseState, EVENTS_MAX, EventBody};
use crate::rules::{Clock, ClockKind};

/// The whole of a clock's time.
const WHOLE_PERCENT: i64 = 100;
/// Event slots at the end of a case that only callers use: a case that was kept busy until it is almost full can still be
/// decided, and everyone notified. No event of the sweeper is added to such a case; that it is overdue shows wherever it
/// is read.
const SLOTS_FOR_CALLERS: u32 = 10;
/// Slots before those that only clocks that run out use: one for each kind of clock.
const SLOTS_FOR_OVERDUE: u32 = 3;

/// The reminders recorded for one kind of clock, whether it was stopped and ran again or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reminders {
    /// The clock.
    pub clock: ClockKind,
    /// The highest threshold recorded, in percent of the clock's time; `None`: none yet. No lower one follows it.
    pub threshold_percent: Option<u8>,
    /// Whether it was recorded that the clock ran out. Nothing is recorded after that.
    pub overdue: bool,
}

impl Reminders {
    const fn none(clock: ClockKind) -> Self {
        Self {
            clock,
            threshold_percent: None,
            overdue: false,
        }
    }
}

/// An event that time alone causes: no caller's command makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClockEvent {
    /// A share of a clock's time has elapsed.
    DueSoon(DueSoon),
    /// A clock has run out.
    Overdue(Overdue),
}

impl From<ClockEvent> for EventBody {
    fn from(event: ClockEvent) -> Self {
        match event {
            ClockEvent::DueSoon(event) => event.into(),
            ClockEvent::Overdue(event) => event.into(),
        }
    }
}

/// An event that a clock that runs has still to cause.
struct Pending {
    /// The first instant at which the event holds.
    at: DateTime<Utc>,
    clock: ClockKind,
    due_at: DateTime<Utc>,
    /// The threshold that a reminder is for; `None`: the clock runs out.
    threshold_percent: Option<u8>,
}

impl Case {
    /// The next event that time causes by an instant, an overdue one without its letter yet; `None`: none is due.
    /// `thresholds` are percentages of a clock's time, 1 to 99, rising.
    ///
    /// Thresholds that passed unrecorded come one by one. Once a clock has run out, only that is recorded: "due soon"
    /// would not hold any more.
    #[must_use]
    pub fn sweep(&self, now: DateTime<Utc>, thresholds: &[u8]) -> Option<ClockEvent> {
        let pending = self
            .pending(thresholds, Some(now))
            .filter(|pending| pending.at <= now)
            .min_by_key(|pending| (pending.at, pending.clock))?;
        let Pending { clock, due_at, .. } = pending;
        Some(match pending.threshold_percent {
            Some(elapsed_percent) => ClockEvent::DueSoon(DueSoon {
                clock,
                elapsed_percent,
                due_at,
            }),
            None => ClockEvent::Overdue(Overdue {
                clock,
                due_at,
                notices: Vec::new(),
            }),
        })
    }

    /// The instant from which [`Case::sweep`] returns an event, unless the case changes before; `None`: no clock runs that
    /// has an event left.
    #[must_use]
    pub fn next_sweep(&self, thresholds: &[u8]) -> Option<DateTime<Utc>> {
        self.pending(thresholds, None)
            .map(|pending| pending.at)
            .min()
    }

    /// The next event of each clock that runs. A clock that has run out by `as_of` skips its reminders.
    fn pending<'a>(
        &'a self,
        thresholds: &'a [u8],
        as_of: Option<DateTime<Utc>>,
    ) -> impl Iterator<Item = Pending> + 'a {
        let slots = EVENTS_MAX
            .saturating_sub(self.version)
            .saturating_sub(SLOTS_FOR_CALLERS);
        let clocks = self.current.clocks.iter().filter(move |_| slots > 0);
        clocks
            .filter(|clock| clock.runs())
            .filter_map(move |clock| {
                let recorded = self.current.reminders_of(clock.kind);
                let due_at = clock.due_at();
                let ran_out = as_of.is_some_and(|now| due_at <= now);
                let reminder = thresholds
                    .iter()
                    .copied()
                    .filter(|percent| Some(*percent) > recorded.threshold_percent)
                    .min()
                    .map(|percent| (percent, instant_of_share(clock, percent)))
                    .filter(|_| !ran_out && slots > SLOTS_FOR_OVERDUE);
                (!recorded.overdue).then_some(Pending {
                    at: reminder.map_or(due_at, |(_, at)| at.min(due_at)),
                    clock: clock.kind,
                    due_at,
                    threshold_percent: reminder.map(|(percent, _)| percent),
                })
            })
    }
}

/// The first instant, to the microsecond, at which a share of a clock's time has elapsed.
fn instant_of_share(clock: &Clock, percent: u8) -> DateTime<Utc> {
    let due_at = clock.due_at();
    let whole_us = (due_at - clock.started_at)
        .num_microseconds()
        .unwrap_or_default();
    let share = whole_us.saturating_mul(percent.into());
    // Rounded up: never before the share has elapsed.
    let elapsed_us = share.saturating_add(WHOLE_PERCENT - 1) / WHOLE_PERCENT;
    clock
        .started_at
        .checked_add_signed(TimeDelta::microseconds(elapsed_us))
        .unwrap_or(due_at)
}

impl CaseState {
    /// The reminders recorded for a kind of clock.
    #[must_use]
    pub fn reminders_of(&self, clock: ClockKind) -> Reminders {
        let held = self.reminders.iter().find(|held| held.clock == clock);
        held.copied().unwrap_or(Reminders::none(clock))
    }

    pub(super) fn record_due_soon(&mut self, event: &DueSoon) -> bool {
        let recorded = self.reminders_of(event.clock);
        let threshold_percent = Some(event.elapsed_percent);
        let is_higher = recorded.threshold_percent < threshold_percent;
        is_higher
            && self.record(
                event.due_at,
                Reminders {
                    threshold_percent,
                    ..recorded
                },
            )
    }

    pub(super) fn record_overdue(&mut self, event: &Overdue) -> bool {
        let recorded = self.reminders_of(event.clock);
        let followed = self.record(
            event.due_at,
            Reminders {
                overdue: true,
                ..recorded
            },
        );
        if followed {
            self.notices.extend(event.notices.iter().cloned());
        }
        followed
    }

    /// Replaces the reminders recorded for a clock that runs and is due at `due_at`. `false`: there is no such clock, or
    /// it was recorded that it ran out, so that an event that is in the log twice folds to no case.
    fn record(&mut self, due_at: DateTime<Utc>, reminders: Reminders) -> bool {
        let runs = self
            .clocks
            .iter()
            .any(|clock| clock.kind == reminders.clock && clock.runs() && clock.due_at() == due_at);
        if !runs || self.reminders_of(reminders.clock).overdue {
            return false;
        }
        self.reminders.retain(|held| held.clock != reminders.clock);
        self.reminders.push(reminders);
        self.reminders.sort_by_key(|held| held.clock);
        true
    }
}
