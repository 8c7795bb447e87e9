//! Open cases: the clocks that run by the time that is left, and the oldest case without a decision.
//!
//! One query counts them over columns that one partial index holds, so that it reads nothing of a finished case.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::codes::instant_column;
use super::value::Value;
use second_opinion_rules::case::{CaseState, Clock, State};
use second_opinion_rules::rules::ClockKind;

/// Every kind of clock.
pub const CLOCKS: [ClockKind; 3] = [
    ClockKind::Determination,
    ClockKind::MemberNotification,
    ClockKind::ProviderNotification,
];

/// The columns by which an open case is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenCaseColumns {
    /// When the determination clock is due; `None`: it does not run. So for the next two.
    pub determination_due: Option<DateTime<Utc>>,
    /// When the member notification clock is due.
    pub member_notification_due: Option<DateTime<Utc>>,
    /// When the provider notification clock is due.
    pub provider_notification_due: Option<DateTime<Utc>>,
    /// When the request was received; `None`: no decision is awaited.
    pub undecided_since: Option<DateTime<Utc>>,
}

impl OpenCaseColumns {
    /// The columns of a case's file.
    #[must_use]
    pub fn of(file: &CaseState) -> Self {
        let due = |kind| {
            let running = |clock: &&Clock| clock.kind == kind && clock.runs();
            file.clocks.iter().find(running).map(Clock::due_at)
        };
        Self {
            determination_due: due(ClockKind::Determination),
            member_notification_due: due(ClockKind::MemberNotification),
            provider_notification_due: due(ClockKind::ProviderNotification),
            undecided_since: (file.state == State::PendingReview)
                .then_some(file.request.received_at),
        }
    }

    /// In the order of the table, in microseconds since the epoch.
    pub(super) fn in_us(&self) -> [Option<i64>; 4] {
        [
            self.determination_due,
            self.member_notification_due,
            self.provider_notification_due,
            self.undecided_since,
        ]
        .map(|instant| instant.map(instant_column))
    }
}

/// The time that is left on a clock.
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

impl TimeLeft {
    /// Every one, the most pressing first: the query answers with the place in this list.
    pub const ALL: [Self; 5] = [
        Self::Overdue,
        Self::UnderFourHours,
        Self::UnderADay,
        Self::UnderThreeDays,
        Self::More,
    ];
}

/// Open cases as of an instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenCases {
    running: BTreeMap<(ClockKind, TimeLeft), u64>,
    next_due: BTreeMap<ClockKind, DateTime<Utc>>,
    oldest_undecided: Option<DateTime<Utc>>,
}

/// Counts the running clocks by kind (0: cases without a decision) and time left, with the earliest instant of each.
/// Its parameters are [`bounds_us`].
pub(super) const OPEN_CASES_SQL: &str = "SELECT clock,
        CASE WHEN due_us <= $1 THEN 0 WHEN due_us < $2 THEN 1 WHEN due_us < $3 THEN 2 WHEN due_us < $4 THEN 3 ELSE 4 END
            AS time_left,
        count(*) AS cases, min(due_us) AS earliest_us
    FROM (
        SELECT 1 AS clock, determination_due_us AS due_us FROM cases
            WHERE due_at_us IS NOT NULL AND determination_due_us IS NOT NULL
        UNION ALL SELECT 2, member_notification_due_us FROM cases
            WHERE due_at_us IS NOT NULL AND member_notification_due_us IS NOT NULL
        UNION ALL SELECT 3, provider_notification_due_us FROM cases
            WHERE due_at_us IS NOT NULL AND provider_notification_due_us IS NOT NULL
    ) AS running
    GROUP BY clock, time_left
    UNION ALL SELECT 0, 0, count(*), min(undecided_since_us) FROM cases
        WHERE due_at_us IS NOT NULL AND undecided_since_us IS NOT NULL";

/// The due instants that part the times left, as of an instant; a clock due at the first of them is overdue.
pub(super) fn bounds_us(as_of: DateTime<Utc>) -> [i64; 4] {
    [0, 4, 24, 72].map(|hours| {
        let bound = as_of.checked_add_signed(TimeDelta::hours(hours));
        bound.unwrap_or(as_of).timestamp_micros()
    })
}

/// One row of [`OPEN_CASES_SQL`].
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenCasesRow {
    pub clock: i32,
    pub time_left: i32,
    pub cases: i64,
    /// `None`: there are no cases.
    pub earliest_us: Option<i64>,
}

impl OpenCases {
    pub(super) fn of(rows: impl IntoIterator<Item = OpenCasesRow>) -> Self {
        let mut open = Self::default();
        for row in rows {
            let earliest = row.earliest_us.and_then(DateTime::from_timestamp_micros);
            let place = |number: i32| usize::try_from(number).unwrap_or(usize::MAX);
            match CLOCKS.get(place(row.clock - 1)) {
                None => open.oldest_undecided = earliest,
                Some(clock) => {
                    if let Some(time_left) = TimeLeft::ALL.get(place(row.time_left)) {
                        let cases = u64::try_from(row.cases).unwrap_or(0);
                        open.running.insert((*clock, *time_left), cases);
                    }
                    let next = open.next_due.get(clock).copied();
                    let next = next.into_iter().chain(earliest).min();
                    open.next_due.extend(next.map(|next| (*clock, next)));
                }
            }
        }
        open
    }

    /// The cases on which a clock of a kind runs with so much time left.
    #[must_use]
    pub fn running(&self, clock: ClockKind, time_left: TimeLeft) -> u64 {
        self.running.get(&(clock, time_left)).copied().unwrap_or(0)
    }

    /// The earliest due instant of the running clocks of a kind, which may have passed; `None`: none runs.
    #[must_use]
    pub fn next_due(&self, clock: ClockKind) -> Option<DateTime<Utc>> {
        self.next_due.get(&clock).copied()
    }

    /// The receipt of the oldest case without a decision; `None`: there is none.
    #[must_use]
    pub fn oldest_undecided(&self) -> Option<DateTime<Utc>> {
        self.oldest_undecided
    }
}

/// Open cases without these columns, after a position: rows from before the columns were added.
pub(super) const UNFILLED_SQL: &str = "SELECT opened_at, id, version, created_at_us, updated_at_us, head, command_head,
        last_position, snapshot
    FROM cases WHERE due_at_us IS NOT NULL AND determination_due_us IS NULL AND member_notification_due_us IS NULL
        AND provider_notification_due_us IS NULL AND opened_at > $1
    ORDER BY opened_at LIMIT $2";
/// Fills them.
pub(super) const FILL_SQL: &str =
    "UPDATE cases SET determination_due_us = $1, member_notification_due_us = $2,
        provider_notification_due_us = $3, undecided_since_us = $4
    WHERE opened_at = $5";
/// The parameters of [`FILL_SQL`].
pub(super) fn fill_values(opened_at: i64, file: &CaseState) -> [Value<'static>; 5] {
    let [determination, member, provider, undecided] = OpenCaseColumns::of(file).in_us();
    [
        determination.into(),
        member.into(),
        provider.into(),
        undecided.into(),
        opened_at.into(),
    ]
}

/// Cases that are filled in one transaction.
pub(super) const FILL_BATCH_CASES: i64 = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_due_is_the_earliest_over_all_times_left() {
        let row = |time_left, cases, earliest_us| OpenCasesRow {
            clock: 1,
            time_left,
            cases,
            earliest_us: Some(earliest_us),
        };
        let none = OpenCasesRow {
            clock: 0,
            time_left: 0,
            cases: 0,
            earliest_us: None,
        };
        let open = OpenCases::of([row(4, 2, 9_000_000), row(0, 1, 3_000_000), none]);
        let clock = ClockKind::Determination;
        assert_eq!(open.next_due(clock), DateTime::from_timestamp(3, 0));
        assert_eq!(open.running(clock, TimeLeft::More), 2);
        assert_eq!(open.running(clock, TimeLeft::UnderADay), 0);
        assert_eq!(open.oldest_undecided(), None);
    }
}
