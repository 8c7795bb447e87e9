//! The plan's business days, and the end of a local day.
//!
//! The State's closures are computed by rule for any year (Government Code 19853): a holiday on a Sunday closes
//! the Monday after it; Veterans Day on a Saturday closes the Friday before it; any other Saturday holiday closes
//! no weekday. A plan may add closures of its own. General holiday libraries differ on these three points.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{
    DateTime, Datelike, Days, LocalResult, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Utc,
    Weekday,
};
use chrono_tz::{GapInfo, Tz};
use serde::{Deserialize, Serialize};

/// A weekday on which the plan was closed and which therefore did not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedDay {
    /// The local day.
    pub date: NaiveDate,
    /// The closure's name.
    pub name: String,
}

/// The plan's closures, and the time zone in which its days begin and end.
#[derive(Clone, Debug)]
pub struct Calendar {
    zone: Tz,
    plan_closures: BTreeMap<NaiveDate, String>,
}

impl Default for Calendar {
    /// The State's closures in `America/Los_Angeles`, and no others.
    fn default() -> Self {
        Self::new(Tz::America__Los_Angeles, BTreeMap::new())
    }
}

impl Calendar {
    /// A calendar in `zone` with the State's closures and the plan's own (day and name).
    #[must_use]
    pub fn new(zone: Tz, plan_closures: BTreeMap<NaiveDate, String>) -> Self {
        Self {
            zone,
            plan_closures,
        }
    }

    /// The time zone.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The local day on which an instant falls.
    #[must_use]
    pub fn day_of(&self, instant: DateTime<Utc>) -> NaiveDate {
        instant.with_timezone(&self.zone).date_naive()
    }

    /// The name of the closure on a day: a State holiday, its observed day, or a closure of the plan.
    #[must_use]
    pub fn closure(&self, day: NaiveDate) -> Option<Cow<'_, str>> {
        state_closure(day).map(Cow::from).or_else(|| {
            self.plan_closures
                .get(&day)
                .map(|name| Cow::from(name.as_str()))
        })
    }

    /// Whether a day is a business day: Monday to Friday, and no closure.
    #[must_use]
    pub fn is_business_day(&self, day: NaiveDate) -> bool {
        !is_weekend(day) && state_closure(day).is_none() && !self.plan_closures.contains_key(&day)
    }

    /// The `count`-th business day after `day`, and the weekday closures skipped before it. `day` itself is day 0, whether
    /// it is a business day or not.
    ///
    /// ```
    /// use chrono::NaiveDate;
    /// use second_opinion_rules::rules::Calendar;
    /// let received = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap(); // a Friday
    /// let (fifth, skipped) = Calendar::default().business_day_after(received, 5);
    /// assert_eq!(fifth, NaiveDate::from_ymd_opt(2026, 12, 1).unwrap());
    /// assert_eq!(skipped.len(), 2); // Thanksgiving Day and the day after it
    /// ```
    #[must_use]
    pub fn business_day_after(&self, day: NaiveDate, count: u32) -> (NaiveDate, Vec<SkippedDay>) {
        let (mut day, mut left, mut skipped) = (day, count, Vec::new());
        while left > 0 {
            day = next_day(day);
            if is_weekend(day) {
                continue;
            }
            match self.closure(day) {
                Some(name) => skipped.push(SkippedDay {
                    date: day,
                    name: name.into_owned(),
                }),
                None => left -= 1,
            }
        }
        (day, skipped)
    }

    /// The instant at which a local day ends: the first instant of the day after it.
    ///
    /// Where the clocks skip that midnight, it is the first instant that exists. Where midnight comes twice, it is the
    /// first one, unless the day resumes after it.
    #[must_use]
    pub fn end_of(&self, day: NaiveDate) -> DateTime<Utc> {
        let midnight = NaiveDateTime::from(next_day(day));
        let end = match self.zone.from_local_datetime(&midnight) {
            LocalResult::Single(at) => Some(at),
            LocalResult::Ambiguous(first, second) => {
                let before = second.with_timezone(&Utc) - TimeDelta::microseconds(1);
                Some(if self.day_of(before) == day {
                    second
                } else {
                    first
                })
            }
            LocalResult::None => GapInfo::new(&midnight, &self.zone).and_then(|gap| gap.end),
        };
        // INVARIANT: where clocks skip minutes, an hour or a day, an instant follows the gap.
        end.map_or_else(|| midnight.and_utc(), |at| at.with_timezone(&Utc))
    }
}

/// A day on which the State's offices close, or would close if it were not on a weekend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateHoliday {
    /// The day.
    pub date: NaiveDate,
    /// Its name; that of an observed day ends in `(observed)`.
    pub name: &'static str,
}

/// The State's legal holidays of a year with their observed days, in order, those on weekends included.
#[must_use]
pub fn state_holidays(year: i32) -> Vec<StateHoliday> {
    let Some(first) = NaiveDate::from_ymd_opt(year, 1, 1) else {
        return Vec::new();
    };
    first
        .iter_days()
        .take_while(|day| day.year() == year)
        .filter_map(|date| state_closure(date).map(|name| StateHoliday { date, name }))
        .collect()
}

/// The name of the State's closure on a day: a holiday, or the day on which one is observed.
fn state_closure(day: NaiveDate) -> Option<&'static str> {
    use Weekday::{Fri, Mon, Thu};
    let (month, date, weekday) = (day.month(), day.day(), day.weekday());
    // A holiday of fixed date, or the Monday after one that fell on a Sunday.
    let fixed = |on: u32, name: &'static str, observed: &'static str| match date {
        _ if date == on => Some(name),
        _ if date == on + 1 && weekday == Mon => Some(observed),
        _ => None,
    };
    // The n-th weekday of a month lies between the days 7(n-1)+1 and 7n.
    let nth = |n: u32, on: Weekday, name: &'static str| {
        (weekday == on && date.div_ceil(7) == n).then_some(name)
    };
    match month {
        1 => fixed(1, "New Year's Day", "New Year's Day (observed)")
            .or_else(|| nth(3, Mon, "Martin Luther King Jr. Day")),
        2 => nth(3, Mon, "Presidents' Day"),
        3 if date == 31 => Some(march_31(day.year()).0),
        4 if date == 1 && weekday == Mon => Some(march_31(day.year()).1),
        5 if weekday == Mon && date > 24 => Some("Memorial Day"),
        7 => fixed(4, "Independence Day", "Independence Day (observed)"),
        9 => nth(1, Mon, "Labor Day"),
        11 => fixed(11, "Veterans Day", "Veterans Day (observed)")
            .or_else(|| (date == 10 && weekday == Fri).then_some("Veterans Day (observed)"))
            .or_else(|| nth(4, Thu, "Thanksgiving Day"))
            .or_else(|| {
                (weekday == Fri && (23..=29).contains(&date)).then_some("Day after Thanksgiving")
            }),
        12 => fixed(25, "Christmas Day", "Christmas Day (observed)"),
        _ => None,
    }
}

/// 31 March and the Monday on which it is observed were renamed in 2026; the date was kept.
const fn march_31(year: i32) -> (&'static str, &'static str) {
    if year < 2026 {
        ("Cesar Chavez Day", "Cesar Chavez Day (observed)")
    } else {
        ("Farmworkers Day", "Farmworkers Day (observed)")
    }
}

fn is_weekend(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

/// The day after `day`; `day` itself at the end of chrono's range.
pub(super) fn next_day(day: NaiveDate) -> NaiveDate {
    day.checked_add_days(Days::new(1)).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn sunday_holiday_moves_to_monday_and_of_saturdays_only_veterans_day_moves() {
        let calendar = Calendar::default();
        for (date, closed) in [
            ("2027-07-05", true),  // 4 July 2027 is a Sunday
            ("2026-07-03", false), // 4 July 2026 is a Saturday
            ("2028-11-10", true),  // Veterans Day 2028 is a Saturday
            ("2029-11-12", true),  // and a Sunday in 2029
            ("2027-12-24", false), // Christmas 2027 is a Saturday
            ("2023-01-02", true),  // New Year 2023 is a Sunday
            ("2024-04-01", true),  // 31 March 2024 is a Sunday
            ("2026-06-19", false), // Juneteenth does not close the State's offices
        ] {
            assert_eq!(calendar.closure(day(date)).is_some(), closed, "{date}");
        }
    }

    #[test]
    fn thanksgiving_is_the_fourth_thursday_and_the_day_after_is_closed_too() {
        let names: Vec<_> = state_holidays(2029)
            .into_iter()
            .filter(|h| h.date.month() == 11)
            .collect();
        assert_eq!(
            names.iter().map(|h| h.date.day()).collect::<Vec<_>>(),
            [11, 12, 22, 23]
        );
        // November 2024 begins on a Friday, so that the fourth Friday comes before the fourth Thursday.
        let names: Vec<_> = state_holidays(2024)
            .into_iter()
            .filter(|h| h.date.month() == 11)
            .collect();
        assert_eq!(
            names.iter().map(|h| h.date.day()).collect::<Vec<_>>(),
            [11, 28, 29]
        );
    }

    #[test]
    fn closure_of_the_plan_is_skipped_by_name() {
        let own = BTreeMap::from([(day("2026-06-19"), "Juneteenth".to_owned())]);
        let calendar = Calendar::new(Tz::America__Los_Angeles, own);
        let (fifth, skipped) = calendar.business_day_after(day("2026-06-15"), 5);
        assert_eq!(
            (fifth, skipped[0].name.as_str()),
            (day("2026-06-23"), "Juneteenth")
        );
        for (date, is_business_day) in [
            ("2026-06-19", false), // the plan's own closure
            ("2026-06-20", false), // a Saturday
            ("2026-06-22", true),
            ("2026-07-04", false), // a holiday on a Saturday
            ("2026-09-07", false), // Labor Day
        ] {
            assert_eq!(
                calendar.is_business_day(day(date)),
                is_business_day,
                "{date}"
            );
        }
    }

    #[test]
    fn each_closure_has_the_name_that_the_state_uses() {
        let named = |year| -> Vec<String> {
            let holidays = state_holidays(year).into_iter();
            holidays
                .map(|holiday| format!("{} {}", holiday.date.format("%m-%d"), holiday.name))
                .collect()
        };
        let of_2023 = [
            "01-01 New Year's Day",
            "01-02 New Year's Day (observed)",
            "01-16 Martin Luther King Jr. Day",
            "02-20 Presidents' Day",
            "03-31 Cesar Chavez Day",
            "05-29 Memorial Day",
            "07-04 Independence Day",
            "09-04 Labor Day",
            "11-10 Veterans Day (observed)",
            "11-11 Veterans Day",
            "11-23 Thanksgiving Day",
            "11-24 Day after Thanksgiving",
            "12-25 Christmas Day",
        ];
        assert_eq!(named(2023), of_2023);
        for (year, name) in [
            (2024, "04-01 Cesar Chavez Day (observed)"),
            (2025, "03-31 Cesar Chavez Day"),
            (2026, "03-31 Farmworkers Day"),
            (2030, "04-01 Farmworkers Day (observed)"),
            (2027, "07-05 Independence Day (observed)"),
            (2029, "11-12 Veterans Day (observed)"),
            (2033, "12-26 Christmas Day (observed)"),
        ] {
            assert!(named(year).iter().any(|held| held == name), "{year} {name}");
        }
        assert_eq!(state_holidays(i32::MAX), [], "outside the range of dates");
    }

    #[test]
    fn skipped_midnight_becomes_the_first_instant_that_exists() {
        for (zone, date, end) in [
            // Cuba moves its clocks at midnight: 2026-03-08 00:00 is 01:00.
            (Tz::America__Havana, "2026-03-07", "2026-03-08T05:00:00Z"),
            // Nepal moved them by a quarter of an hour: 1986-01-01 00:00 was 00:15.
            (Tz::Asia__Kathmandu, "1985-12-31", "1985-12-31T18:30:00Z"),
            // Samoa left out 2011-12-30.
            (Tz::Pacific__Apia, "2011-12-29", "2011-12-30T10:00:00Z"),
        ] {
            let calendar = Calendar::new(zone, BTreeMap::new());
            let end: DateTime<Utc> = end.parse().unwrap();
            assert_eq!(calendar.end_of(day(date)), end, "{zone}");
        }
    }

    #[test]
    fn day_ends_at_the_midnight_after_which_it_does_not_resume() {
        for (zone, date, end) in [
            // Cuba moves its clocks from 01:00 to 00:00, and both midnights are of the next day.
            (Tz::America__Havana, "2026-10-31", "2026-11-01T04:00:00Z"),
            // Newfoundland moved them from 00:01 to 23:01 of the day before.
            (Tz::America__St_Johns, "2010-11-06", "2010-11-07T03:30:00Z"),
            (
                Tz::America__Los_Angeles,
                "2026-10-31",
                "2026-11-01T07:00:00Z",
            ),
        ] {
            let calendar = Calendar::new(zone, BTreeMap::new());
            let end: DateTime<Utc> = end.parse().unwrap();
            assert_eq!(calendar.end_of(day(date)), end, "{zone}");
        }
    }
}
