//! Policies with a fault.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use chrono_tz::Tz;
use second_opinion::rules::{Calendar, Policy};

/// The years in which the simulation receives requests.
const YEARS: std::ops::Range<i32> = 2016..2101;

/// A wrong parameter of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyFault {
    /// Juneteenth closes the State's offices.
    ExtraHoliday,
    /// Days begin and end in UTC.
    DaysInUtc,
}

impl PolicyFault {
    /// The policy with this fault.
    pub fn policy(self) -> Policy {
        let calendar = match self {
            Self::ExtraHoliday => Calendar::new(Tz::America__Los_Angeles, juneteenths()),
            Self::DaysInUtc => Calendar::new(Tz::UTC, BTreeMap::new()),
        };
        Policy {
            calendar,
            ..Policy::default()
        }
    }
}

fn juneteenths() -> BTreeMap<NaiveDate, String> {
    let days = YEARS.filter_map(|year| NaiveDate::from_ymd_opt(year, 6, 19));
    days.map(|day| (day, "Juneteenth".to_owned())).collect()
}
