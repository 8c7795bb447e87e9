//! Which share of a clock's time has gone, which clock has run out, and was that told yet?
//!
//! Each rung of a clock's time, and that it ran out, is told once a kind of clock: the case remembers what was. Who
//! asks is the sweeper, at an instant of its own; nothing here decides anything, and no clock is changed.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::event::{DueSoon, Overdue};
use super::{Case, CaseState, EventBody, MAX_EVENTS};
use crate::rules::{Clock, ClockKind};

/// The whole of a clock's time.
const WHOLE_PERCENT: i64 = 100;
/// The last places of a case are its callers' alone, so that one who keeps a case busy until it is almost full can
/// still decide it and tell everyone. Of such a case nothing more is told; that it is overdue shows wherever it is read.
const KEPT_FOR_CALLERS: u32 = 10;
/// Before those, as many are kept for clocks that run out: one a kind of clock.
const KEPT_FOR_OVERDUE: u32 = 3;

/// What was told of one kind of clock, whether it was stopped and ran again or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The clock.
    pub clock: ClockKind,
    /// The highest rung, in percent of the clock's time; `None`: none yet. Lower ones are not told any more.
    pub rung_percent: Option<u8>,
    /// That it ran out. Nothing more is told after that.
    pub overdue: bool,
}

impl Told {
    const fn nothing(clock: ClockKind) -> Self {
        Self {
            clock,
            rung_percent: None,
            overdue: false,
        }
    }
}

/// An event that time alone causes: no caller's command makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClockEvent {
    /// A share of a clock's time has gone.
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

/// Something to be told of a clock that runs.
struct Owed {
    /// From when on.
    at: DateTime<Utc>,
    clock: ClockKind,
    due_at: DateTime<Utc>,
    /// The rung; `None`: that it ran out.
    rung_percent: Option<u8>,
}

impl Case {
    /// The next event that the case is owed at an instant: an overdue one without its
    /// letter yet. `rungs` are percentages of a clock's time, 1 to 99, rising.
    ///
    /// Rungs that passed while no one asked are owed one by one. Once a clock has run out, that alone is: "due soon"
    /// would not be true any more.
    #[must_use]
    pub fn sweep(&self, now: DateTime<Utc>, rungs: &[u8]) -> Option<ClockEvent> {
        let owed = self
            .ahead(rungs, Some(now))
            .filter(|owed| owed.at <= now)
            .min_by_key(|owed| (owed.at, owed.clock))?;
        let Owed { clock, due_at, .. } = owed;
        Some(match owed.rung_percent {
            Some(gone_percent) => ClockEvent::DueSoon(DueSoon {
                clock,
                gone_percent,
                due_at,
            }),
            None => ClockEvent::Overdue(Overdue {
                clock,
                due_at,
                notices: Vec::new(),
            }),
        })
    }

    /// From when on the case is owed its next event of this kind, unless something happens to it before; `None`: no
    /// clock runs of which anything is left to tell. At that instant and after it, [`Case::sweep`] gives an event.
    #[must_use]
    pub fn next_sweep(&self, rungs: &[u8]) -> Option<DateTime<Utc>> {
        self.ahead(rungs, None).map(|owed| owed.at).min()
    }

    /// The next thing to be told of each clock that runs. What has run out by an instant skips its rungs.
    fn ahead<'a>(
        &'a self,
        rungs: &'a [u8],
        as_of: Option<DateTime<Utc>>,
    ) -> impl Iterator<Item = Owed> + 'a {
        let places = MAX_EVENTS
            .saturating_sub(self.version)
            .saturating_sub(KEPT_FOR_CALLERS);
        let clocks = self.current.clocks.iter().filter(move |_| places > 0);
        clocks
            .filter(|clock| clock.runs())
            .filter_map(move |clock| {
                let told = self.current.told_of(clock.kind);
                let due_at = clock.due_at();
                let ran_out = as_of.is_some_and(|now| due_at <= now);
                let rung = rungs
                    .iter()
                    .copied()
                    .filter(|rung| Some(*rung) > told.rung_percent)
                    .min()
                    .map(|rung| (rung, reached(clock, rung)))
                    .filter(|_| !ran_out && places > KEPT_FOR_OVERDUE);
                (!told.overdue).then_some(Owed {
                    at: rung.map_or(due_at, |(_, at)| at.min(due_at)),
                    clock: clock.kind,
                    due_at,
                    rung_percent: rung.map(|(rung, _)| rung),
                })
            })
    }
}

/// The first instant, to the microsecond, at which as much of a clock's time has gone.
fn reached(clock: &Clock, rung_percent: u8) -> DateTime<Utc> {
    let due_at = clock.due_at();
    let whole_us = (due_at - clock.started_at)
        .num_microseconds()
        .unwrap_or_default();
    let gone = whole_us.saturating_mul(rung_percent.into());
    // Rounded up: a little later, and never before the share has gone.
    let gone_us = gone.saturating_add(WHOLE_PERCENT - 1) / WHOLE_PERCENT;
    clock
        .started_at
        .checked_add_signed(TimeDelta::microseconds(gone_us))
        .unwrap_or(due_at)
}

impl CaseState {
    /// What was told of a kind of clock.
    #[must_use]
    pub fn told_of(&self, clock: ClockKind) -> Told {
        let held = self.told.iter().find(|told| told.clock == clock);
        held.copied().unwrap_or(Told::nothing(clock))
    }

    pub(super) fn note_due_soon(&mut self, event: &DueSoon) -> bool {
        let told = self.told_of(event.clock);
        let rung_percent = Some(event.gone_percent);
        let is_new = told.rung_percent < rung_percent;
        is_new
            && self.note(
                event.due_at,
                Told {
                    rung_percent,
                    ..told
                },
            )
    }

    pub(super) fn note_overdue(&mut self, event: &Overdue) -> bool {
        let told = self.told_of(event.clock);
        let noted = self.note(
            event.due_at,
            Told {
                overdue: true,
                ..told
            },
        );
        if noted {
            self.notices.extend(event.notices.iter().cloned());
        }
        noted
    }

    /// Notes what was told of a clock that runs toward an instant. `false`: none does, or nothing more can be told of
    /// it, so that an event that is there twice folds to no case.
    fn note(&mut self, due_at: DateTime<Utc>, now_told: Told) -> bool {
        let runs = self
            .clocks
            .iter()
            .any(|clock| clock.kind == now_told.clock && clock.runs() && clock.due_at() == due_at);
        if !runs || self.told_of(now_told.clock).overdue {
            return false;
        }
        self.told.retain(|told| told.clock != now_told.clock);
        self.told.push(now_told);
        self.told.sort_by_key(|told| told.clock);
        true
    }
}
