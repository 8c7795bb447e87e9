//! By when must something have happened, to the microsecond, for receipts of 2016-04-20 to 2099-12-31?
//!
//! `almanac` computes closures and local days a second time, without a date library.

mod almanac;
mod properties;

use std::path::Path;
use std::sync::LazyLock;

use almanac::{Almanac, Day};
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use second_opinion::rules::{
    Calendar, Clause, Clock, ClockKind, FIRST_ADOPTED, LIMITS, Limit, Policy, state_holidays,
};
use serde_json::Value;

static ALMANAC: LazyLock<Almanac> = LazyLock::new(Almanac::new);

/// An instant with its offset.
fn at(instant: &str) -> DateTime<Utc> {
    let parsed = instant.parse();
    parsed.unwrap_or_else(|error| panic!("{instant}: {error}"))
}

fn without_law() -> Policy {
    Policy {
        law_limits: false,
        ..Policy::default()
    }
}

fn clock(clocks: &[Clock], kind: ClockKind) -> &Clock {
    let found = clocks.iter().find(|clock| clock.kind == kind);
    found.unwrap_or_else(|| panic!("no clock {kind:?} among {clocks:?}"))
}

fn limit(clock: &Clock, source: Clause) -> Option<&Limit> {
    clock.limits.iter().find(|limit| limit.source == source)
}

/// The clock of a routine request: the member's.
fn routine(received: DateTime<Utc>) -> Clock {
    let clocks = Policy::default().clocks(received, None);
    assert_eq!(clocks.len(), 1, "{clocks:?}");
    clock(&clocks, ClockKind::MemberNotification).clone()
}

/// Day 0 of the almanac as a date, and back.
fn date_of(day: Day) -> NaiveDate {
    let date = NaiveDate::from_epoch_days(i32::try_from(day).expect("a day of these centuries"));
    date.expect("a day of these centuries")
}

fn instant(second: i64, microsecond: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).expect("in range") + TimeDelta::microseconds(microsecond)
}

/// Midnight that ends the fifth business day, by the almanac, with the closures passed over.
fn by_the_almanac(received: DateTime<Utc>) -> (DateTime<Utc>, Vec<NaiveDate>) {
    let day = ALMANAC.day_at(received.timestamp());
    let (fifth, passed) = ALMANAC.business_day(day, 5);
    let passed = passed.into_iter().map(date_of).collect();
    (instant(ALMANAC.begins(fifth + 1), 0), passed)
}

/// Midnight that ends the seventh calendar day, by the almanac; `None` for receipts before 2026.
fn federal_by_the_almanac(received: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let day = ALMANAC.day_at(received.timestamp());
    (ALMANAC.page(day).year >= 2026).then(|| instant(ALMANAC.begins(day + 8), 0))
}

// === the sample files ===

fn sample(name: &str) -> Vec<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("tests/conformance").join(name))
        .expect("a file that can be read");
    serde_json::from_str(&text).expect("a JSON array")
}

#[test]
fn the_sample_of_deadlines_is_met() {
    let sample = sample("deadlines.json");
    assert_eq!(sample.len(), 59);
    for row in sample {
        let id = &row["id"];
        let instant = |name: &str| row[name].as_str().map(at);
        let received = instant("received_at").expect("a receipt");
        let urgent = row["urgent"] == true;
        let clocks = Policy::default().clocks(received, urgent.then_some(received));
        let (kind, source) = if urgent {
            (ClockKind::Determination, Clause::UrgentTimeframe)
        } else {
            (ClockKind::MemberNotification, Clause::RoutineTimeframe)
        };
        let clock = clock(&clocks, kind);
        let policy = limit(clock, source).map(|limit| limit.due_at);
        assert_eq!(policy, instant("policy_due_at"), "{id} policy_due_at");
        let federal = limit(clock, Clause::FederalStandardTimeframe).map(|limit| limit.due_at);
        assert_eq!(federal, instant("ceiling_at"), "{id} ceiling_at");
        assert_eq!(Some(clock.due_at()), instant("due_at"), "{id} due_at");
    }
}

#[test]
fn the_sample_of_closures_is_met() {
    let computed: Vec<String> = (2024..=2030)
        .flat_map(state_holidays)
        .map(|holiday| holiday.date.to_string())
        .collect();
    let sample = sample("closures.json");
    let expected: Vec<&str> = sample.iter().filter_map(Value::as_str).collect();
    assert_eq!(computed, expected);
    let weekdays = computed.iter().filter(|date| {
        let date: NaiveDate = date.parse().expect("a date");
        date.weekday().num_days_from_monday() < 5
    });
    assert_eq!(weekdays.count(), 73);
}

// === every day of 84 years ===

#[test]
fn closures_agree_with_the_almanac_for_every_year() {
    for year in 2016..=2099 {
        let expected = ALMANAC.closures(i64::from(year));
        let expected: Vec<NaiveDate> = expected.iter().map(|leaf| date_of(leaf.day)).collect();
        let computed = state_holidays(year);
        let dates: Vec<NaiveDate> = computed.iter().map(|holiday| holiday.date).collect();
        assert_eq!(dates, expected, "{year}");
        assert!(computed.iter().all(|holiday| !holiday.name.is_empty()));
    }
}

#[test]
fn vi_d_2_agrees_with_the_almanac_for_receipts_on_every_day() {
    let policy = Policy::default();
    for date in FIRST_ADOPTED
        .iter_days()
        .take_while(|date| date.year() < 2100)
    {
        let day = Day::from(date.to_epoch_days());
        // The first instant of the local day, its noon, and its last microsecond.
        let (begins, ends) = (ALMANAC.begins(day), ALMANAC.begins(day + 1));
        let receipts = [
            instant(begins, 0),
            instant(begins, 43_200_000_000),
            instant(ends, -1),
        ];
        for received in receipts {
            assert_eq!(policy.calendar.day_of(received), date, "{received}");
            let (due, passed) = by_the_almanac(received);
            let clock = routine(received);
            let limit = limit(&clock, Clause::RoutineTimeframe).expect("the policy's own limit");
            assert_eq!(limit.due_at, due, "{received}");
            let skipped: Vec<_> = limit.skipped_days.iter().map(|day| day.date).collect();
            assert_eq!(skipped, passed, "{received}");
            let federal = federal_by_the_almanac(received);
            assert_eq!(
                clock.due_at(),
                federal.map_or(due, |f| f.min(due)),
                "{received}"
            );
        }
    }
}

#[test]
fn federal_limit_comes_first_for_64_receipt_days_of_2026() {
    let first = NaiveDate::from_ymd_opt(2026, 1, 1).expect("a date");
    let days = first.iter_days().take_while(|date| date.year() == 2026);
    let earlier = days.filter(|date| {
        let clock = routine(instant(ALMANAC.begins(Day::from(date.to_epoch_days())), 0));
        let policy = limit(&clock, Clause::RoutineTimeframe).expect("the policy's own limit");
        clock.due_at() < policy.due_at
    });
    assert_eq!(earlier.count(), 64);
}

// === named cases, each beside its near miss ===

/// Receipt, the last of the five days, the weekday closures passed over (`-`: none), and why.
const FIVE_BUSINESS_DAYS: &str = "
2026-01-05T00:00:00-08:00        2026-01-12 - the day of receipt is day 0 from its first instant
2026-01-05T23:59:59.999999-08:00 2026-01-12 - to its last microsecond, after hours or not
2026-01-06T00:00:00-08:00        2026-01-13 - near miss: midnight begins the next day
2026-01-09T12:00:00-08:00        2026-01-16 - a Friday
2026-01-10T12:00:00-08:00        2026-01-16 - a Saturday counts like the Friday
2026-01-11T23:59:59.999999-08:00 2026-01-16 - a Sunday too, to its last microsecond
2026-01-12T00:00:00-08:00        2026-01-20 2026-01-19 near miss: Monday 0:00, and a holiday where day 5 would be
2026-01-18T10:00:00-08:00        2026-01-26 2026-01-19 the Sunday before a holiday
2026-01-19T10:00:00-08:00        2026-01-26 - near miss: on the holiday itself
2026-11-25T10:00:00-08:00        2026-12-04 2026-11-26,2026-11-27 the day before Thanksgiving Day
2026-11-26T10:00:00-08:00        2026-12-04 2026-11-27 near miss: on Thanksgiving Day
2026-11-27T10:00:00-08:00        2026-12-04 - near miss: on the day after it
2022-12-29T10:00:00-08:00        2023-01-06 2023-01-02 New Year on a Sunday is observed on Monday
2023-01-02T10:00:00-08:00        2023-01-09 - near miss: on the observed Monday
2027-12-29T10:00:00-08:00        2028-01-05 - near miss: New Year on a Saturday closes nothing
2028-11-08T10:00:00-08:00        2028-11-16 2028-11-10 Veterans Day on a Saturday closes the Friday
2028-11-10T10:00:00-08:00        2028-11-17 - near miss: on that Friday
2029-11-08T10:00:00-08:00        2029-11-16 2029-11-12 Veterans Day on a Sunday closes the Monday
2029-11-12T10:00:00-08:00        2029-11-19 - near miss: on that Monday
2027-07-01T10:00:00-07:00        2027-07-09 2027-07-05 Independence Day on a Sunday closes the Monday
2026-07-01T10:00:00-07:00        2026-07-08 - near miss: on a Saturday it closes nothing
2024-03-28T11:00:00-07:00        2024-04-05 2024-04-01 31 March on a Sunday closes 1 April
2029-03-28T11:00:00-07:00        2029-04-04 - near miss: on a Saturday it closes nothing
2026-03-06T10:00:00-08:00        2026-03-13 - the clocks go forward inside the window
2026-10-30T10:00:00-07:00        2026-11-06 - the clocks go back inside the window
2026-11-01T01:30:00-07:00        2026-11-06 - the first 1:30 of the night in which they go back
2026-11-01T01:30:00-08:00        2026-11-06 - the second 1:30 of that night
2026-01-10T07:59:59Z             2026-01-16 - the UTC day is not the local day
2026-06-15T10:00:00-07:00        2026-06-22 - Juneteenth is no closure of the State's";

#[test]
fn vi_d_2_five_business_days_after_the_day_of_receipt() {
    let calendar = Calendar::default();
    for row in FIVE_BUSINESS_DAYS.trim().lines() {
        let mut cells = row.split_whitespace();
        let mut cell = || cells.next().expect("three cells");
        let (received, last_day, skipped) = (at(cell()), cell(), cell().trim_matches('-'));
        let clock = routine(received);
        let limit = limit(&clock, Clause::RoutineTimeframe).expect("the policy's own limit");
        // The last microsecond of day 5 is on time; the first instant of the day after it is not.
        let last_on_time = calendar.day_of(limit.due_at - TimeDelta::microseconds(1));
        assert_eq!(last_on_time.to_string(), last_day, "{row}");
        assert!(calendar.day_of(limit.due_at) > last_on_time, "{row}");
        let days = limit.skipped_days.iter();
        let passed: Vec<_> = days.map(|day| day.date.to_string()).collect();
        assert_eq!(passed.join(","), skipped, "{row}");
    }
}

#[test]
fn federal_seven_days_bind_receipts_from_2026_on_in_local_time() {
    let source = Clause::FederalStandardTimeframe;
    let last_of_2025 = routine(at("2025-12-31T23:59:59.999999-08:00"));
    assert_eq!(
        limit(&last_of_2025, source),
        None,
        "2026 has begun in UTC, not here"
    );
    let first_of_2026 = routine(at("2026-01-01T00:00:00-08:00"));
    let federal = limit(&first_of_2026, source).expect("in force");
    assert_eq!(federal.due_at, at("2026-01-09T00:00:00-08:00"));
    assert!(
        federal.skipped_days.is_empty(),
        "calendar days skip nothing"
    );
}

#[test]
fn vi_d_1_seventy_two_hours_pass_over_the_change_of_the_clocks() {
    for (received, due) in [
        ("2026-03-06T10:00:00-08:00", "2026-03-09T11:00:00-07:00"),
        ("2026-10-30T10:00:00-07:00", "2026-11-02T09:00:00-08:00"),
        ("2026-11-25T17:45:00-08:00", "2026-11-28T17:45:00-08:00"),
    ] {
        let received = at(received);
        for clock in Policy::default().clocks(received, Some(received)) {
            assert_eq!(clock.due_at(), at(due), "{:?}", clock.kind);
        }
    }
}

#[test]
fn hsc_1367_01_two_business_days_and_twenty_four_hours_after_a_decision() {
    let policy = Policy::default();
    let received = at("2026-01-12T10:00:00-08:00");
    for (decided, due) in [
        ("2026-01-15T10:00:00-08:00", "2026-01-21T00:00:00-08:00"), // Thursday; the Monday is a holiday
        (
            "2026-01-14T23:59:59.999999-08:00",
            "2026-01-17T00:00:00-08:00",
        ),
    ] {
        let limits = policy.member_limits_after_denial(received, at(decided));
        let dues: Vec<_> = limits
            .iter()
            .map(|limit| (limit.source, limit.due_at))
            .collect();
        assert_eq!(dues, [(Clause::StateNoticeOfDecision, at(due))]);
        let clock = policy
            .provider_clock(received, at(decided))
            .expect("a clock");
        assert_eq!(clock.due_at(), at(decided) + TimeDelta::hours(24));
    }
}

#[test]
fn law_switched_off_leaves_the_policy_alone() {
    let (policy, received) = (without_law(), at("2026-01-14T09:00:00-08:00"));
    let urgent = policy.clocks(received, Some(received));
    let kinds: Vec<_> = urgent.iter().map(|clock| clock.kind).collect();
    assert_eq!(kinds, [ClockKind::Determination]);
    let clocks = policy.clocks(received, None);
    assert_eq!(clocks.len(), 1);
    assert_eq!(
        clocks[0].due_at(),
        at("2026-01-23T00:00:00-08:00"),
        "day 5, past the federal day 7"
    );
    assert_eq!(policy.provider_clock(received, received), None);
    assert!(
        policy
            .member_limits_after_denial(received, received)
            .is_empty()
    );
}

#[test]
fn summaries_of_clauses_say_the_numbers_that_are_applied() {
    for limit in LIMITS {
        let summary = limit.source.entry().summary;
        let amount = limit.amount.to_string();
        assert!(summary.contains(&amount), "{}: {amount}", limit.source);
    }
}
