//! The editions of the policy, and every number of the policy and of the law with the day from which it holds. No other
//! file states one.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::clause::Clause;

/// Whether a request is urgent (III.A).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Urgency {
    /// The standard timeframe.
    Routine,
    /// The expedited timeframe: a claim of urgency was made. A claim is never withdrawn.
    Urgent,
}

/// The duty that a clock measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ClockKind {
    /// The decision is made (VI.D.1).
    Determination,
    /// The member is notified (VI.D.2).
    MemberNotification,
    /// The requesting professional is notified (HSC 1367.01).
    ProviderNotification,
}

/// An amount of time, its unit in its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// Elapsed hours in UTC: weekends, closures and daylight saving do not change them.
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

/// The event from which a limit's time counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountedFrom {
    /// Receipt of the request by the plan (for a request made urgent later: receipt of the request to expedite).
    Receipt,
    /// Any decision.
    Decision,
    /// A denial.
    Denial,
}

/// A timeframe as a parameter: its source, its amount, and the day from which it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeLimit {
    /// The clause or law that sets it.
    pub source: Clause,
    /// The urgency that it holds for; `None`: both.
    pub urgency: Option<Urgency>,
    /// The clock it binds.
    pub clock: ClockKind,
    /// Its length.
    pub amount: Amount,
    /// The event from which it counts.
    pub counted_from: CountedFrom,
    /// The first local day of receipt that it holds for.
    pub first_day: NaiveDate,
}

/// An edition of the policy that this crate implements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edition {
    /// The day of its approval, which is its name.
    pub version: NaiveDate,
    /// The day by which it is to be reviewed.
    pub next_review: NaiveDate,
}

const fn day(year: i32, month: u32, date: u32) -> NaiveDate {
    // INVARIANT: all dates of this file are constants, so one that does not exist fails the build.
    NaiveDate::from_ymd_opt(year, month, date).expect("a date that exists")
}

/// The day on which the policy was first adopted for Medi-Cal. A request received before it is rejected.
pub const FIRST_ADOPTED: NaiveDate = day(2016, 4, 20);

/// The editions that this crate implements, oldest first.
pub const EDITIONS: &[Edition] = &[EDITION_2024];

const EDITION_2024: Edition = Edition {
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

/// Every timeframe, the policy's first.
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

/// The time to file an appeal, counted from the date of the notice (42 CFR 438.402(c)(2)).
pub const APPEAL_WINDOW: Amount = Amount::CalendarDays(60);
/// The time to request a State Hearing, counted from the resolution of the appeal (42 CFR 438.408(f)).
pub const STATE_HEARING_WINDOW: Amount = Amount::CalendarDays(120);
/// The time for the plan to acknowledge an appeal or a grievance in writing.
pub const APPEAL_ACKNOWLEDGED: Amount = Amount::CalendarDays(5);
/// The time for the plan to resolve a standard appeal (42 CFR 438.408(b)(2)).
pub const APPEAL_RESOLVED: Amount = Amount::CalendarDays(30);
/// The time for the plan to resolve an expedited appeal (42 CFR 438.408(b)(3)).
pub const EXPEDITED_APPEAL_RESOLVED: Amount = Amount::Hours(72);

impl Edition {
    /// The edition that decides a request received on a local day: the last one approved by then, or the oldest one held
    /// where none was. A later edition never decides a case that an earlier one covers.
    #[must_use]
    pub fn for_receipt(day: NaiveDate) -> &'static Self {
        Self::latest_of(EDITIONS, day).unwrap_or(&EDITION_2024)
    }

    /// The last of `editions` approved by a day, or the first of them; `None`: the slice is empty.
    fn latest_of(editions: &[Self], day: NaiveDate) -> Option<&Self> {
        let approved = editions.iter().rev().find(|edition| edition.version <= day);
        approved.or(editions.first())
    }

    /// The edition of a version (the day of its approval, `YYYY-MM-DD`).
    #[must_use]
    pub fn by_version(version: NaiveDate) -> Option<&'static Self> {
        EDITIONS.iter().find(|edition| edition.version == version)
    }

    /// Whether a request was received before this edition was in force. Clause X has a finding then.
    #[must_use]
    pub fn is_later_than(&self, received: NaiveDate) -> bool {
        received < self.version
    }

    /// Whether the yearly review is overdue on a local day.
    #[must_use]
    pub fn review_overdue(&self, today: NaiveDate) -> bool {
        today > self.next_review
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editions_and_revisions_are_in_order_and_the_last_revision_is_an_edition() {
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
    fn review_is_overdue_on_the_day_after_it_was_due() {
        assert!(!EDITION_2024.review_overdue(EDITION_2024.next_review));
        assert!(EDITION_2024.review_overdue(EDITION_2024.next_review.succ_opt().unwrap()));
    }

    #[test]
    fn x_edition_is_later_than_a_receipt_before_it() {
        assert!(EDITION_2024.is_later_than(day(2024, 9, 10)));
        assert!(!EDITION_2024.is_later_than(day(2024, 9, 11)));
        assert_eq!(Edition::for_receipt(day(2017, 1, 1)), &EDITION_2024);
    }

    #[test]
    fn x_request_is_decided_under_the_last_edition_approved_by_its_receipt() {
        let next = Edition {
            version: day(2025, 9, 10),
            next_review: day(2026, 9, 10),
        };
        let both = [EDITION_2024, next];
        for (received, edition) in [
            (day(2017, 1, 1), EDITION_2024), // none was approved: the oldest one
            (day(2024, 9, 11), EDITION_2024),
            (day(2025, 9, 9), EDITION_2024),
            (day(2025, 9, 10), next),
            (day(2030, 1, 1), next),
        ] {
            assert_eq!(Edition::latest_of(&both, received), Some(&edition));
        }
    }

    #[test]
    fn edition_is_named_by_the_day_of_its_approval() {
        assert_eq!(Edition::by_version(day(2024, 9, 11)), Some(&EDITION_2024));
        assert_eq!(Edition::by_version(day(2024, 9, 10)), None);
    }
}
