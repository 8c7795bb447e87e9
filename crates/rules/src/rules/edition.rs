//! Which numbers hold from which day? The only place where a number of the policy or of the law stands.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::clause::Clause;

/// Whether a request is urgent (III.A).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Urgency {
    /// The ordinary timeframe.
    Routine,
    /// An urgency claim was made. It is never taken back.
    Urgent,
}

/// What a clock runs toward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ClockKind {
    /// The decision (VI.D.1).
    Determination,
    /// The member is told (VI.D.2).
    MemberNotification,
    /// The requesting professional is told (HSC 1367.01).
    ProviderNotification,
}

/// An amount of time, its unit in its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// Elapsed hours on the UTC line: weekends, closures and changes of the clocks do not matter.
    Hours(u32),
    /// Business days after the day of the start, which is day 0; the limit is the end of the last one.
    BusinessDays(u32),
    /// Calendar days after the day of the start, which is day 0; the limit is the end of the last one.
    CalendarDays(u32),
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Hours(n) => write!(f, "{n} hours"),
            Self::BusinessDays(n) => write!(f, "{n} business days"),
            Self::CalendarDays(n) => write!(f, "{n} calendar days"),
        }
    }
}

/// From when a limit's time is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountedFrom {
    /// Receipt of the request by the plan (for a request made urgent later: receipt of the request to expedite).
    Receipt,
    /// Any decision.
    Decision,
    /// A denial.
    Denial,
}

/// A limit in force, as data with a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeLimit {
    /// The clause or law it comes from.
    pub source: Clause,
    /// The urgency it holds for; `None`: both.
    pub urgency: Option<Urgency>,
    /// The clock it binds.
    pub clock: ClockKind,
    /// How long.
    pub amount: Amount,
    /// From when.
    pub counted_from: CountedFrom,
    /// Requests received on or after this local day.
    pub first_day: NaiveDate,
}

/// An edition of the policy whose text is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edition {
    /// The day it was approved, which is its name.
    pub version: NaiveDate,
    /// The day by which it was to be reviewed.
    pub next_review: NaiveDate,
}

const fn day(year: i32, month: u32, date: u32) -> NaiveDate {
    // INVARIANT: every date in this file is one that exists; a wrong one fails the build, for all are constants.
    NaiveDate::from_ymd_opt(year, month, date).expect("a date that exists")
}

/// The day on which the policy was first adopted for Medi-Cal; nothing received before it is taken.
pub const FIRST_ADOPTED: NaiveDate = day(2016, 4, 20);

/// The editions held, oldest first.
pub const EDITIONS: &[Edition] = &[HELD];

const HELD: Edition = Edition {
    version: day(2024, 9, 11),
    next_review: day(2025, 9, 11),
};

/// The days on which the policy was revised for Medi-Cal.
pub const REVISIONS: &[NaiveDate] = &[
    day(2016, 4, 20),
    day(2017, 4, 19),
    day(2018, 6, 13),
    day(2019, 8, 14),
    day(2020, 8, 12),
    day(2021, 8, 11),
    day(2022, 8, 10),
    day(2023, 9, 13),
    day(2024, 9, 11),
];

/// Every limit, the policy's first.
pub const LIMITS: &[TimeLimit] = &[
    TimeLimit {
        source: Clause::UrgentTimeframe,
        urgency: Some(Urgency::Urgent),
        clock: ClockKind::Determination,
        amount: Amount::Hours(72),
        counted_from: CountedFrom::Receipt,
        first_day: FIRST_ADOPTED,
    },
    TimeLimit {
        source: Clause::RoutineTimeframe,
        urgency: Some(Urgency::Routine),
        clock: ClockKind::MemberNotification,
        amount: Amount::BusinessDays(5),
        counted_from: CountedFrom::Receipt,
        first_day: FIRST_ADOPTED,
    },
    TimeLimit {
        source: Clause::FederalStandardTimeframe,
        urgency: Some(Urgency::Routine),
        clock: ClockKind::MemberNotification,
        amount: Amount::CalendarDays(7),
        counted_from: CountedFrom::Receipt,
        first_day: day(2026, 1, 1),
    },
    TimeLimit {
        source: Clause::FederalExpeditedTimeframe,
        urgency: Some(Urgency::Urgent),
        clock: ClockKind::MemberNotification,
        amount: Amount::Hours(72),
        counted_from: CountedFrom::Receipt,
        first_day: FIRST_ADOPTED,
    },
    TimeLimit {
        source: Clause::StateNoticeOfDecision,
        urgency: None,
        clock: ClockKind::MemberNotification,
        amount: Amount::BusinessDays(2),
        counted_from: CountedFrom::Denial,
        first_day: FIRST_ADOPTED,
    },
    TimeLimit {
        source: Clause::StateNoticeOfDecision,
        urgency: None,
        clock: ClockKind::ProviderNotification,
        amount: Amount::Hours(24),
        counted_from: CountedFrom::Decision,
        first_day: FIRST_ADOPTED,
    },
];

/// How long a member has to appeal, counted from the notice's date (42 CFR 438.402(c)(2)).
pub const APPEAL_WINDOW: Amount = Amount::CalendarDays(60);
/// How long a member has to ask for a State Hearing after the appeal is resolved (42 CFR 438.408(f)).
pub const STATE_HEARING_WINDOW: Amount = Amount::CalendarDays(120);
/// By when the plan confirms in writing that it has an appeal or a grievance.
pub const APPEAL_ACKNOWLEDGED: Amount = Amount::CalendarDays(5);
/// By when the plan resolves a standard appeal (42 CFR 438.408(b)(2)).
pub const APPEAL_RESOLVED: Amount = Amount::CalendarDays(30);
/// By when the plan resolves an expedited appeal (42 CFR 438.408(b)(3)).
pub const EXPEDITED_APPEAL_RESOLVED: Amount = Amount::Hours(72);

impl Edition {
    /// The edition that a request received on a local day is decided under: the last one approved by then, or the
    /// oldest one held where none had been. A later edition never decides a case that an earlier one held covers.
    #[must_use]
    pub fn for_receipt(day: NaiveDate) -> &'static Self {
        Self::of_those(EDITIONS, day).unwrap_or(&HELD)
    }

    /// The last of `editions` that was approved by a day, or the first of them; `None`: there are none.
    fn of_those(editions: &[Self], day: NaiveDate) -> Option<&Self> {
        let approved = editions.iter().rev().find(|edition| edition.version <= day);
        approved.or(editions.first())
    }

    /// The edition with a version (the day it was approved, `YYYY-MM-DD`).
    #[must_use]
    pub fn by_version(version: NaiveDate) -> Option<&'static Self> {
        EDITIONS.iter().find(|edition| edition.version == version)
    }

    /// Whether the request came before this edition was in force (clause X has a finding then).
    #[must_use]
    pub fn is_later_than(&self, received: NaiveDate) -> bool {
        received < self.version
    }

    /// Whether, on a local day, the review was due and no later edition is held.
    #[must_use]
    pub fn review_overdue(&self, today: NaiveDate) -> bool {
        today > self.next_review
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editions_and_revisions_are_in_order_and_the_last_revision_is_held() {
        assert!(
            EDITIONS
                .windows(2)
                .all(|pair| pair[0].version < pair[1].version)
        );
        assert!(REVISIONS.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(
            REVISIONS.last(),
            EDITIONS.last().map(|edition| &edition.version)
        );
        assert_eq!(REVISIONS[0], FIRST_ADOPTED);
    }

    #[test]
    fn review_is_overdue_the_day_after_it_was_due() {
        assert!(!HELD.review_overdue(HELD.next_review));
        assert!(HELD.review_overdue(HELD.next_review.succ_opt().unwrap()));
    }

    #[test]
    fn x_an_edition_is_later_than_receipts_before_it() {
        assert!(HELD.is_later_than(day(2024, 9, 10)));
        assert!(!HELD.is_later_than(day(2024, 9, 11)));
        assert_eq!(Edition::for_receipt(day(2017, 1, 1)), &HELD);
    }

    #[test]
    fn x_a_request_is_decided_under_the_last_edition_approved_by_its_receipt() {
        let next = Edition {
            version: day(2025, 9, 10),
            next_review: day(2026, 9, 10),
        };
        let both = [HELD, next];
        for (received, edition) in [
            (day(2017, 1, 1), HELD), // none had been approved: the oldest one
            (day(2024, 9, 11), HELD),
            (day(2025, 9, 9), HELD),
            (day(2025, 9, 10), next),
            (day(2030, 1, 1), next),
        ] {
            assert_eq!(Edition::of_those(&both, received), Some(&edition));
        }
    }

    #[test]
    fn an_edition_is_called_by_the_day_of_its_approval() {
        assert_eq!(Edition::by_version(day(2024, 9, 11)), Some(&HELD));
        assert_eq!(Edition::by_version(day(2024, 9, 10)), None);
    }
}
