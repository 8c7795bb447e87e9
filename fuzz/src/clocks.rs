//! The target for due dates: arbitrary instants of receipt, time zones and calendars.

use std::collections::BTreeMap;

use arbitrary::Unstructured;
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use second_opinion::rules::{Amount, Calendar, Clock, ClockKind, FIRST_ADOPTED, Policy};
use serde_json::json;

use super::support::{below, once_in, one_of};

/// The first instants of 1900 and of 2200, in microseconds since 1970.
const FIRST_US: i64 = -2_208_988_800_000_000;
const LAST_US: i64 = 7_258_118_400_000_000;
/// 72 hours.
const URGENT_SECONDS: i64 = 259_200;

/// The plan's time zone, and zones with changes at midnight, by half an hour, or never.
const ZONES: [Tz; 8] = [
    Tz::America__Los_Angeles,
    Tz::America__Havana,
    Tz::America__St_Johns,
    Tz::Australia__Lord_Howe,
    Tz::Asia__Kathmandu,
    Tz::Asia__Beirut,
    Tz::Pacific__Chatham,
    Tz::UTC,
];

/// Decodes a receipt between 1900 and 2200, a calendar and an amount of time.
pub fn clocks(data: &[u8]) {
    let mut bytes = Unstructured::new(data);
    let received = instant(&mut bytes);
    let law_limits = once_in(&mut bytes, 2);
    let zone = if once_in(&mut bytes, 2) {
        one_of(&mut bytes, &ZONES)
    } else {
        Tz::America__Los_Angeles
    };
    let calendar = calendar(&mut bytes, zone, received);
    let policy = Policy {
        calendar,
        law_limits,
    };

    let delay = below(&mut bytes, 30 * 86_400);
    let expedited = received + TimeDelta::seconds(i64::try_from(delay).unwrap_or_default());
    if policy.calendar.day_of(received) < FIRST_ADOPTED {
        // No request may have this date of receipt, and none of the limits was in force.
        assert_eq!(policy.clocks(received, None), []);
    } else {
        check_routine(&policy, received);
        check_urgent(&policy, received, received);
        check_urgent(&policy, received, expedited);
    }
    check_amounts(&mut bytes, &policy.calendar, received);
    check_serialization(received);
}

fn instant(bytes: &mut Unstructured<'_>) -> DateTime<Utc> {
    let micros = bytes.int_in_range(FIRST_US..=LAST_US).unwrap_or_default();
    DateTime::from_timestamp_micros(micros).expect("an instant")
}

/// California's calendar with up to 40 closures of the plan around the receipt.
fn calendar(bytes: &mut Unstructured<'_>, zone: Tz, received: DateTime<Utc>) -> Calendar {
    let mut closures = BTreeMap::new();
    let from = received.date_naive() - Days::new(2);
    for _ in 0..below(bytes, 40) {
        let day = from + Days::new(u64::from(bytes.arbitrary::<u8>().unwrap_or_default() % 50));
        closures.insert(day, "Closure".to_owned());
    }
    Calendar::new(zone, closures)
}

/// Checks that each clock's limits are after its start, and that the earliest limit binds.
fn check_clocks(clocks: &[Clock], received: DateTime<Utc>) {
    assert!(!clocks.is_empty(), "a request without a clock");
    for clock in clocks {
        assert!(clock.started_at >= received, "a clock before receipt");
        let limits = clock.limits.iter().map(|limit| limit.due_at);
        assert_eq!(
            Some(clock.due_at()),
            limits.min(),
            "the earliest limit does not bind"
        );
        for limit in &clock.limits {
            assert!(limit.due_at > received, "due before receipt");
        }
    }
}

fn check_routine(policy: &Policy, received: DateTime<Utc>) {
    let clocks = policy.clocks(received, None);
    check_clocks(&clocks, received);
    for limit in clocks.iter().flat_map(|clock| &clock.limits) {
        assert!(
            is_start_of_day(&policy.calendar, limit.due_at),
            "{} is due in the middle of a day",
            limit.source.id()
        );
    }
}

/// Whether an instant is the first of a local day.
fn is_start_of_day(calendar: &Calendar, instant: DateTime<Utc>) -> bool {
    let before = instant - TimeDelta::microseconds(1);
    calendar.day_of(before) < calendar.day_of(instant)
}

/// Checks that an urgent request is due 72 hours after it became urgent, and that no other limit moves later.
fn check_urgent(policy: &Policy, received: DateTime<Utc>, since: DateTime<Utc>) {
    let clocks = policy.clocks(received, Some(since));
    check_clocks(&clocks, received);
    let determination = clocks
        .iter()
        .find(|clock| clock.kind == ClockKind::Determination)
        .expect("a determination clock");
    let due = since + TimeDelta::seconds(URGENT_SECONDS);
    assert!(
        determination.limits.iter().any(|limit| limit.due_at == due),
        "no limit of 72 hours"
    );
    assert!(determination.due_at() <= due);
    if since == received {
        return;
    }
    for before in policy.clocks(received, None) {
        let after = clocks.iter().find(|clock| clock.kind == before.kind);
        let after = after.expect("the clock of the same kind");
        assert!(
            after.due_at() <= before.due_at(),
            "the due date moved later"
        );
    }
}

/// Checks arbitrary amounts against a count day by day.
fn check_amounts(bytes: &mut Unstructured<'_>, calendar: &Calendar, start: DateTime<Utc>) {
    let number = u32::from(bytes.arbitrary::<u16>().unwrap_or_default());
    let (due, _) = Amount::Hours(number).after(start, calendar);
    assert_eq!(due - start, TimeDelta::hours(i64::from(number)));

    let number = number % 400;
    let day = calendar.day_of(start);
    let (due, _) = Amount::CalendarDays(number).after(start, calendar);
    assert_eq!(due, calendar.end_of(day + Days::new(number.into())));
    assert!(is_start_of_day(calendar, due) && due > start);

    let (due, skipped) = Amount::BusinessDays(number).after(start, calendar);
    let (last, _) = calendar.business_day_after(day, number);
    assert_eq!(due, calendar.end_of(last));
    assert!(is_start_of_day(calendar, due) && due > start);
    let window: Vec<NaiveDate> = day
        .iter_days()
        .skip(1)
        .take_while(|it| *it <= last)
        .collect();
    let business_days = window.iter().filter(|it| calendar.is_business_day(**it));
    assert_eq!(business_days.count(), number as usize);
    let closures = window
        .iter()
        .filter(|it| !is_weekend(**it) && calendar.closure(**it).is_some());
    let closures: Vec<NaiveDate> = closures.copied().collect();
    let skipped: Vec<NaiveDate> = skipped.into_iter().map(|day| day.date).collect();
    assert_eq!(skipped, closures);
}

fn is_weekend(day: NaiveDate) -> bool {
    use chrono::Datelike as _;
    day.weekday().number_from_monday() > 5
}

/// Checks that an instant is the same after it is serialized and read again.
fn check_serialization(instant: DateTime<Utc>) {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Stored(#[serde(with = "second_opinion::rules::instant")] DateTime<Utc>);

    let value = serde_json::to_value(Stored(instant)).expect("JSON");
    let by_chrono = instant.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    assert_eq!(value, json!(by_chrono));
    let Stored(again) = serde_json::from_value(value).expect("an instant");
    assert_eq!(again, instant);
}
