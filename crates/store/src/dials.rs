//! How do the deadlines stand over all cases?
//!
//! As counts that move with each commit, in its transaction: reading them costs the same however many cases there are,
//! and they say the same on every replica and after a restart. What one case adds to them follows from its file alone
//! ([`Counted`]), so they can be counted anew from the cases at any time.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::codes::urgency_code;
use second_opinion_rules::case::{CaseState, Decision, State, Stop, StopReason};
use second_opinion_rules::rules::{ClockKind, Urgency};

/// Every kind of clock.
pub const CLOCKS: [ClockKind; 3] = [
    ClockKind::Determination,
    ClockKind::MemberNotification,
    ClockKind::ProviderNotification,
];
/// Both urgencies.
pub const URGENCIES: [Urgency; 2] = [Urgency::Routine, Urgency::Urgent];

/// What is counted, each under a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dial {
    /// Clocks that run, by the microsecond in which they are due.
    Running(ClockKind),
    /// Cases that wait for a decision, by the second of their receipt.
    Undecided,
    /// Clocks that a decision or a notification stopped: 0 in time, 1 too late.
    Stopped(ClockKind),
    /// Decisions, by the time from receipt to decision in hours, a begun one counted whole.
    Decided(Urgency),
    /// The milliseconds from receipt to decision, all decisions together, under the key 0.
    DecidedIn(Urgency),
}

/// By how much the count of a dial under a key moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// What is counted.
    pub dial: Dial,
    /// Under which key.
    pub key: i64,
    /// By how much.
    pub by: i64,
}

/// How the deadlines stand as of an instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dials {
    running: BTreeMap<(ClockKind, TimeLeft), u64>,
    next_due: BTreeMap<ClockKind, DateTime<Utc>>,
    oldest_undecided: Option<DateTime<Utc>>,
    stopped: BTreeMap<(ClockKind, bool), u64>,
    decided: BTreeMap<(i16, u64), u64>,
    decided_in_ms: BTreeMap<i16, u64>,
}

/// How much of a clock's time is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimeLeft {
    /// None.
    Overdue,
    /// Less than 4 hours.
    UnderFourHours,
    /// Less than 24 hours.
    UnderADay,
    /// Less than 72 hours.
    UnderThreeDays,
    /// 72 hours or more.
    More,
}

/// Counts as a store gives them: of running clocks a sum for each [`TimeLeft`] with the smallest key among them, of cases
/// that wait for a decision the sum with the smallest key, and everything else as it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figure {
    pub dial: i16,
    /// The place of the [`TimeLeft`] in [`TimeLeft::ALL`]; 0 of what is not a running clock.
    pub time_left: i16,
    pub key: i64,
    pub count: i64,
}

/// What one case counts for.
#[derive(Clone, Debug, Default)]
pub struct Counted(Vec<Turn>);

impl Counted {
    /// What a case's file counts for.
    #[must_use]
    pub fn of(file: &CaseState) -> Self {
        let mut counted = Self(Vec::with_capacity(4));
        tally(file, &mut counted.0);
        counted
    }

    /// What a commit adds to the dials and takes from them that makes this file of what counted for this much.
    #[must_use]
    pub fn turned_into(self, after: &CaseState) -> Vec<Turn> {
        let mut turns = Self::of(after).0;
        for before in self.0 {
            let by = -before.by;
            match turns
                .iter_mut()
                .find(|turn| turn.dial == before.dial && turn.key == before.key)
            {
                Some(turn) => turn.by += by,
                None => turns.push(Turn { by, ..before }),
            }
        }
        turns.retain(|turn| turn.by != 0);
        turns
    }
}

fn tally(file: &CaseState, turns: &mut Vec<Turn>) {
    let mut turn = |dial, key, by| turns.push(Turn { dial, key, by });
    for clock in &file.clocks {
        match clock.stopped {
            None => turn(
                Dial::Running(clock.kind),
                clock.due_at().timestamp_micros(),
                1,
            ),
            Some(Stop {
                reason: StopReason::Done,
                at,
            }) => turn(
                Dial::Stopped(clock.kind),
                i64::from(at >= clock.due_at()),
                1,
            ),
            Some(Stop {
                reason: StopReason::NotNeeded,
                ..
            }) => {}
        }
    }
    if file.state == State::PendingReview {
        turn(Dial::Undecided, file.request.received_at.timestamp(), 1);
    }
    if let Some(decided_at) = file.decision.as_ref().and_then(Decision::decided_at) {
        let urgency = file.assessment.urgency;
        // A decision before the receipt would be a clock that was set back.
        let took = (decided_at - file.request.received_at).max(TimeDelta::zero());
        let hours = took.num_hours() + i64::from(took > TimeDelta::hours(took.num_hours()));
        turn(Dial::Decided(urgency), hours, 1);
        turn(Dial::DecidedIn(urgency), 0, took.num_milliseconds());
    }
}

/// What several commits moved, each count once.
#[derive(Debug, Default)]
pub(super) struct Turned(BTreeMap<(i16, i64), i64>);

impl Turned {
    pub fn add(&mut self, turns: &[Turn]) {
        for turn in turns {
            *self.0.entry((turn.dial.code(), turn.key)).or_default() += turn.by;
        }
    }

    /// The dial, the key and by how much, in one order everywhere.
    pub fn moved(&self) -> impl Iterator<Item = (i16, i64, i64)> {
        self.0
            .iter()
            .filter(|(_, by)| **by != 0)
            .map(|((dial, key), by)| (*dial, *key, *by))
    }
}

// === impl Dial ===

impl Dial {
    const ALL: [Self; 11] = [
        Self::Running(ClockKind::Determination),
        Self::Running(ClockKind::MemberNotification),
        Self::Running(ClockKind::ProviderNotification),
        Self::Undecided,
        Self::Stopped(ClockKind::Determination),
        Self::Stopped(ClockKind::MemberNotification),
        Self::Stopped(ClockKind::ProviderNotification),
        Self::Decided(Urgency::Routine),
        Self::Decided(Urgency::Urgent),
        Self::DecidedIn(Urgency::Routine),
        Self::DecidedIn(Urgency::Urgent),
    ];

    /// The number that a store keeps, which never changes.
    pub(super) const fn code(self) -> i16 {
        match self {
            Self::Running(clock) => clock_code(clock),
            Self::Undecided => 4,
            Self::Stopped(clock) => 10 + clock_code(clock),
            Self::Decided(urgency) => 20 + urgency_code(urgency),
            Self::DecidedIn(urgency) => 30 + urgency_code(urgency),
        }
    }
}

const fn clock_code(clock: ClockKind) -> i16 {
    match clock {
        ClockKind::Determination => 1,
        ClockKind::MemberNotification => 2,
        ClockKind::ProviderNotification => 3,
    }
}

// === impl TimeLeft ===

impl TimeLeft {
    /// Every one, the most pressing first.
    pub const ALL: [Self; 5] = [
        Self::Overdue,
        Self::UnderFourHours,
        Self::UnderADay,
        Self::UnderThreeDays,
        Self::More,
    ];

    /// The due instants at which, as of an instant, one ends and the next begins; the first of them is overdue itself.
    pub(super) fn bounds_us(as_of: DateTime<Utc>) -> [i64; 4] {
        [0, 4, 24, 72].map(|hours| {
            let bound = as_of.checked_add_signed(TimeDelta::hours(hours));
            bound.unwrap_or(as_of).timestamp_micros()
        })
    }
}

// === impl Dials ===

impl Dials {
    /// Puts together what a store gave. Counts under a dial that this version does not know are another version's.
    pub(super) fn of(figures: impl IntoIterator<Item = Figure>) -> Self {
        let mut dials = Self::default();
        for figure in figures {
            let known = Dial::ALL
                .into_iter()
                .find(|dial| dial.code() == figure.dial);
            // Fewer than none is nothing to show.
            let count = u64::try_from(figure.count).unwrap_or(0);
            if let Some(dial) = known
                && count > 0
            {
                dials.note(dial, figure, count);
            }
        }
        dials
    }

    fn note(&mut self, dial: Dial, figure: Figure, count: u64) {
        match dial {
            Dial::Running(clock) => {
                let place = usize::try_from(figure.time_left).unwrap_or(usize::MAX);
                if let Some(time_left) = TimeLeft::ALL.get(place) {
                    *self.running.entry((clock, *time_left)).or_default() += count;
                }
                if let Some(due) = DateTime::from_timestamp_micros(figure.key) {
                    let next = self.next_due.entry(clock).or_insert(due);
                    *next = due.min(*next);
                }
            }
            Dial::Undecided => self.oldest_undecided = DateTime::from_timestamp(figure.key, 0),
            Dial::Stopped(clock) => {
                *self.stopped.entry((clock, figure.key != 0)).or_default() += count;
            }
            Dial::Decided(urgency) => {
                let hours = u64::try_from(figure.key).unwrap_or(0);
                *self
                    .decided
                    .entry((urgency_code(urgency), hours))
                    .or_default() += count;
            }
            Dial::DecidedIn(urgency) => {
                *self.decided_in_ms.entry(urgency_code(urgency)).or_default() += count;
            }
        }
    }

    /// As many cases as have a running clock of a kind with so much time left.
    #[must_use]
    pub fn open(&self, clock: ClockKind, time_left: TimeLeft) -> u64 {
        self.running.get(&(clock, time_left)).copied().unwrap_or(0)
    }

    /// When the next running clock of a kind is due, or the one that has been overdue for longest was; `None`: none runs.
    #[must_use]
    pub fn next_due(&self, clock: ClockKind) -> Option<DateTime<Utc>> {
        self.next_due.get(&clock).copied()
    }

    /// The second in which the oldest case was received that waits for a decision; `None`: none does.
    #[must_use]
    pub fn oldest_undecided(&self) -> Option<DateTime<Utc>> {
        self.oldest_undecided
    }

    /// As many clocks of a kind as a decision or a notification stopped, in time or too late.
    #[must_use]
    pub fn stopped(&self, clock: ClockKind, too_late: bool) -> u64 {
        self.stopped.get(&(clock, too_late)).copied().unwrap_or(0)
    }

    /// As many decisions as took over `above` hours and `up_to` hours at the most.
    #[must_use]
    pub fn decided_within(&self, urgency: Urgency, above: u64, up_to: u64) -> u64 {
        // Less than an hour is the first hour's; no time at all is, too.
        let first = if above == 0 { 0 } else { above + 1 };
        let code = urgency_code(urgency);
        self.decided
            .range((code, first)..=(code, up_to))
            .map(|(_, count)| count)
            .sum()
    }

    /// The milliseconds from receipt to decision, all decisions together.
    #[must_use]
    pub fn decided_in_ms(&self, urgency: Urgency) -> u64 {
        let held = self.decided_in_ms.get(&urgency_code(urgency));
        held.copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_dial_has_a_number_of_its_own() {
        let codes: BTreeSet<i16> = Dial::ALL.map(Dial::code).into();
        assert_eq!(codes.len(), Dial::ALL.len());
    }

    #[test]
    fn hours_fall_between_bounds_once() {
        let decided = |key| Figure {
            dial: Dial::Decided(Urgency::Urgent).code(),
            time_left: 0,
            key,
            count: 1,
        };
        let dials = Dials::of([0, 1, 4, 5, 72, 73].map(decided));
        let within = |above, up_to| dials.decided_within(Urgency::Urgent, above, up_to);
        assert_eq!(
            [within(0, 4), within(4, 72), within(72, u64::MAX)],
            [3, 2, 1]
        );
        assert_eq!(dials.decided_within(Urgency::Routine, 0, u64::MAX), 0);
    }
}
