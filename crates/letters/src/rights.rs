//! Which rights does a letter tell of, and how is each one used (VI.F)?
//!
//! A right without a way to use it cannot be built.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::contact::ContactMethods;
use super::plan::ContactPoint;
use second_opinion_rules::rules::{
    APPEAL_ACKNOWLEDGED, APPEAL_RESOLVED, APPEAL_WINDOW, Amount, EXPEDITED_APPEAL_RESOLVED,
    STATE_HEARING_WINDOW,
};

/// The right to appeal: until when and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppealRight {
    last_day: NaiveDate,
    window: TimeSpan,
    acknowledged: TimeSpan,
    resolved: TimeSpan,
    expedited: TimeSpan,
    how: ContactMethods,
}

/// An amount of time as a letter keeps it.
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
    /// The right to appeal a letter of a local day; `None`: the contact point cannot be reached in any way.
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

    /// The last local day.
    #[must_use]
    pub fn last_day(&self) -> NaiveDate {
        self.last_day
    }

    /// How long the window is.
    #[must_use]
    pub fn window(&self) -> TimeSpan {
        self.window
    }

    /// By when the plan confirms that it has the appeal.
    #[must_use]
    pub fn acknowledged(&self) -> TimeSpan {
        self.acknowledged
    }

    /// By when the plan decides it.
    #[must_use]
    pub fn resolved(&self) -> TimeSpan {
        self.resolved
    }

    /// By when the plan decides an expedited one.
    #[must_use]
    pub fn expedited(&self) -> TimeSpan {
        self.expedited
    }

    /// How.
    #[must_use]
    pub fn how(&self) -> &ContactMethods {
        &self.how
    }
}

/// The right to file a grievance, at any time: how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrievanceRight {
    how: ContactMethods,
}

impl GrievanceRight {
    /// The right to file a grievance; `None`: the contact point cannot be reached in any way.
    #[must_use]
    pub fn new(point: &ContactPoint) -> Option<Self> {
        Some(Self {
            how: ContactMethods::new(point)?,
        })
    }

    /// How.
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
    /// The right to a State Hearing; `None`: the contact point cannot be reached in any way.
    #[must_use]
    pub fn new(point: &ContactPoint) -> Option<Self> {
        Some(Self {
            window: STATE_HEARING_WINDOW.into(),
            how: ContactMethods::new(point)?,
        })
    }

    /// How long after the appeal is decided.
    #[must_use]
    pub fn window(&self) -> TimeSpan {
        self.window
    }

    /// How.
    #[must_use]
    pub fn how(&self) -> &ContactMethods {
        &self.how
    }
}
