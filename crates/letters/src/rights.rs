//! Which rights does a letter tell of, and how is each one used (VI.F)?
//!
//! A right without a way to use it cannot be built.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::plan::{ContactPoint, OfficeWords};
use second_opinion_rules::rules::{
    APPEAL_ACKNOWLEDGED, APPEAL_RESOLVED, APPEAL_WINDOW, Amount, EXPEDITED_APPEAL_RESOLVED,
    STATE_HEARING_WINDOW,
};

/// How to reach someone: at least one way.
///
/// It is stored as its fields are; only templates see it otherwise (`view`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct HowTo {
    /// Who answers.
    name: String,
    /// The first way.
    first: Way,
    /// The others.
    further: Vec<Way>,
    /// The name and the hours in other languages than English, by primary tag.
    translations: BTreeMap<String, OfficeWords>,
}

/// One way to reach someone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// By phone.
    Phone {
        /// The number.
        number: String,
        /// For people who use a TTY or relay service; empty: none.
        tty: String,
        /// When someone answers; empty: not said.
        hours: String,
    },
    /// By mail or in person.
    Address {
        /// The address.
        lines: Vec<String>,
    },
    /// Online.
    Website {
        /// The address.
        url: String,
    },
}

impl HowTo {
    /// The ways that a contact point has; `None`: it has none.
    #[must_use]
    pub fn new(point: &ContactPoint) -> Option<Self> {
        let mut ways = Vec::new();
        if !point.phone.is_empty() {
            ways.push(Way::Phone {
                number: point.phone.clone(),
                tty: point.tty.clone(),
                hours: point.hours.clone(),
            });
        }
        if !point.address_lines.is_empty() {
            ways.push(Way::Address {
                lines: point.address_lines.clone(),
            });
        }
        if !point.website.is_empty() {
            ways.push(Way::Website {
                url: point.website.clone(),
            });
        }
        let mut ways = ways.into_iter();
        Some(Self {
            name: point.name.clone(),
            first: ways.next()?,
            further: ways.collect(),
            translations: point.translations.clone(),
        })
    }

    /// Who answers, in English.
    #[must_use]
    pub fn own_name(&self) -> &str {
        &self.name
    }

    /// Who answers, in a language where its name is held, else in English.
    #[must_use]
    pub fn name(&self, language: &str) -> &str {
        self.translations
            .get(language)
            .map(|words| words.name.as_str())
            .filter(|name| !name.is_empty())
            .unwrap_or(&self.name)
    }

    /// When someone answers, in a language where that is held, else in English; `None`: not said.
    #[must_use]
    pub fn hours(&self, language: &str) -> Option<&str> {
        let own = self.ways().find_map(|way| match way {
            Way::Phone { hours, .. } => Some(hours.as_str()),
            Way::Address { .. } | Way::Website { .. } => None,
        });
        self.translations
            .get(language)
            .map(|words| words.hours.as_str())
            .filter(|hours| !hours.is_empty())
            .or(own)
            .filter(|hours| !hours.is_empty())
    }

    /// Every way.
    pub fn ways(&self) -> impl Iterator<Item = &Way> {
        std::iter::once(&self.first).chain(&self.further)
    }
}

/// The right to appeal: until when and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppealRight {
    last_day: NaiveDate,
    window: Span,
    acknowledged: Span,
    resolved: Span,
    expedited: Span,
    how: HowTo,
}

/// An amount of time as a letter keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// Elapsed hours.
    Hours(u32),
    /// Business days.
    BusinessDays(u32),
    /// Calendar days.
    CalendarDays(u32),
}

impl From<Amount> for Span {
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
            how: HowTo::new(point)?,
        })
    }

    /// The last local day.
    #[must_use]
    pub fn last_day(&self) -> NaiveDate {
        self.last_day
    }

    /// How long the window is.
    #[must_use]
    pub fn window(&self) -> Span {
        self.window
    }

    /// By when the plan confirms that it has the appeal.
    #[must_use]
    pub fn acknowledged(&self) -> Span {
        self.acknowledged
    }

    /// By when the plan decides it.
    #[must_use]
    pub fn resolved(&self) -> Span {
        self.resolved
    }

    /// By when the plan decides an expedited one.
    #[must_use]
    pub fn expedited(&self) -> Span {
        self.expedited
    }

    /// How.
    #[must_use]
    pub fn how(&self) -> &HowTo {
        &self.how
    }
}

/// The right to file a grievance, at any time: how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrievanceRight {
    how: HowTo,
}

impl GrievanceRight {
    /// The right to file a grievance; `None`: the contact point cannot be reached in any way.
    #[must_use]
    pub fn new(point: &ContactPoint) -> Option<Self> {
        Some(Self {
            how: HowTo::new(point)?,
        })
    }

    /// How.
    #[must_use]
    pub fn how(&self) -> &HowTo {
        &self.how
    }
}

/// The right to a State Hearing after an appeal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HearingRight {
    window: Span,
    how: HowTo,
}

impl HearingRight {
    /// The right to a State Hearing; `None`: the contact point cannot be reached in any way.
    #[must_use]
    pub fn new(point: &ContactPoint) -> Option<Self> {
        Some(Self {
            window: STATE_HEARING_WINDOW.into(),
            how: HowTo::new(point)?,
        })
    }

    /// How long after the appeal is decided.
    #[must_use]
    pub fn window(&self) -> Span {
        self.window
    }

    /// How.
    #[must_use]
    pub fn how(&self) -> &HowTo {
        &self.how
    }
}
