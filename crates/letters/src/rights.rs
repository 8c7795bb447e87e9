//! The rights that a letter states, with their deadlines and contact methods (VI.F).
//!
//! A right without a contact method cannot be built.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::contact::ContactMethods;
use super::plan::ContactPoint;
use second_opinion_rules::rules::{
    APPEAL_ACKNOWLEDGED, APPEAL_RESOLVED, APPEAL_WINDOW, Amount, EXPEDITED_APPEAL_RESOLVED,
    STATE_HEARING_WINDOW,
};

/// The right to appeal, with its deadlines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppealRight {
    last_day: NaiveDate,
    window: TimeSpan,
    acknowledged: TimeSpan,
    resolved: TimeSpan,
    expedited: TimeSpan,
    how: ContactMethods,
}

/// An amount of time as letters store it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeSpan {
    /// Elapsed hours.
    Hours(u32),
    /// Business days.
    BusinessDays(u32),
    /// Calendar days.
    CalendarDays(u32),
}

impl From<Amount> for TimeSpan {
    fn from(amount: Amount) -> Self {
        match amount {
            Amount::Hours(n) => Self::Hours(n),
            Amount::BusinessDays(n) => Self::BusinessDays(n),
            Amount::CalendarDays(n) => Self::CalendarDays(n),
        }
    }
}

impl AppealRight {
    /// The right to appeal a letter dated `letter_day`; `None`: the contact point has no contact method.
    #[must_use]
    pub fn new(letter_day: NaiveDate, point: &ContactPoint) -> Option<Self> {
        Some(Self {
            last_day: APPEAL_WINDOW.last_calendar_day(letter_day),
            window: APPEAL_WINDOW.into(),
            acknowledged: APPEAL_ACKNOWLEDGED.into(),
            resolved: APPEAL_RESOLVED.into(),
            expedited: EXPEDITED_APPEAL_RESOLVED.into(),
            how: ContactMethods::new(point)?,
        })
    }

    /// The last local day to appeal.
    #[must_use]
    pub fn last_day(&self) -> NaiveDate {
        self.last_day
    }

    /// The time from the letter's day to the last day to appeal.
    #[must_use]
    pub fn window(&self) -> TimeSpan {
        self.window
    }

    /// The time in which the plan acknowledges the appeal.
    #[must_use]
    pub fn acknowledged(&self) -> TimeSpan {
        self.acknowledged
    }

    /// The time in which the plan decides a standard appeal.
    #[must_use]
    pub fn resolved(&self) -> TimeSpan {
        self.resolved
    }

    /// The time in which the plan decides an expedited appeal.
    #[must_use]
    pub fn expedited(&self) -> TimeSpan {
        self.expedited
    }

    /// The office for appeals.
    #[must_use]
    pub fn how(&self) -> &ContactMethods {
        &self.how
    }
}

/// The right to file a grievance, which has no deadline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrievanceRight {
    how: ContactMethods,
}

impl GrievanceRight {
    /// The right to file a grievance; `None`: the contact point has no contact method.
    #[must_use]
    pub fn new(point: &ContactPoint) -> Option<Self> {
        Some(Self {
            how: ContactMethods::new(point)?,
        })
    }

    /// The office for grievances.
    #[must_use]
    pub fn how(&self) -> &ContactMethods {
        &self.how
    }
}

/// The right to a State Hearing after an appeal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HearingRight {
    window: TimeSpan,
    how: ContactMethods,
}

impl HearingRight {
    /// The right to a State Hearing; `None`: the contact point has no contact method.
    #[must_use]
    pub fn new(point: &ContactPoint) -> Option<Self> {
        Some(Self {
            window: STATE_HEARING_WINDOW.into(),
            how: ContactMethods::new(point)?,
        })
    }

    /// The time from the decision on the appeal to the last day to request a hearing.
    #[must_use]
    pub fn window(&self) -> TimeSpan {
        self.window
    }

    /// The office for State Hearings.
    #[must_use]
    pub fn how(&self) -> &ContactMethods {
        &self.how
    }
}
