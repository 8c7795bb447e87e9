//! What holds of every due instant, whenever the request came in?
//!
//! Receipts are drawn from the policy's first day to the end of 2099. The time zone's table ends with that year, so
//! windows that reach into the spring of 2100 are left out.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc};
use proptest::prelude::*;
use second_opinion::rules::{Amount, Calendar, Clause, ClockKind, Policy};

use super::almanac::Day;
use super::{ALMANAC, clock, limit, routine, without_law};

/// Receipts from the policy's first day to the end of 2099, to the microsecond.
fn receipts() -> impl Strategy<Value = DateTime<Utc>> {
    (1_461_135_600_i64..4_102_473_600, 0_i64..1_000_000).prop_map(|(s, micro)| {
        DateTime::from_timestamp(s, 0).expect("in range") + TimeDelta::microseconds(micro)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn vi_d_2_due_is_a_local_midnight_after_receipt(received in receipts()) {
        let calendar = Calendar::default();
        let clock = routine(received);
        prop_assert!(clock.due_at() > received);
        for limit in &clock.limits {
            let local = limit.due_at.with_timezone(&calendar.zone());
            prop_assert_eq!(local.time(), NaiveTime::MIN);
        }
    }

    #[test]
    fn vi_d_2_a_later_receipt_is_never_due_earlier(one in receipts(), hours in 0_i64..400) {
        let later = one + TimeDelta::hours(hours);
        prop_assert!(routine(one).due_at() <= routine(later).due_at());
    }

    #[test]
    fn vi_d_1_urgent_is_due_exactly_259_200_seconds_after_receipt(received in receipts()) {
        let clocks = Policy::default().clocks(received, Some(received));
        let kinds: Vec<_> = clocks.iter().map(|clock| clock.kind).collect();
        prop_assert_eq!(kinds, [ClockKind::Determination, ClockKind::MemberNotification]);
        for clock in &clocks {
            prop_assert_eq!(clock.due_at() - received, TimeDelta::seconds(259_200));
            prop_assert!(clock.limits.iter().all(|limit| limit.skipped_days.is_empty()));
        }
        let kinds: Vec<_> = without_law().clocks(received, Some(received)).iter().map(|clock| clock.kind).collect();
        prop_assert_eq!(kinds, [ClockKind::Determination]);
    }

    #[test]
    fn vi_d_2_skipped_days_are_the_weekday_closures_inside_the_window(received in receipts()) {
        let calendar = Calendar::default();
        let clock = routine(received);
        let limit = limit(&clock, Clause::RoutineTimeframe).expect("the policy's own limit");
        let last_day = calendar.day_of(limit.due_at - TimeDelta::microseconds(1));
        let window = calendar.day_of(received).iter_days().skip(1).take_while(|day| *day <= last_day);
        let closed: Vec<NaiveDate> = window
            .filter(|day| ALMANAC.is_closed(Day::from(day.to_epoch_days())))
            .filter(|day| day.weekday().num_days_from_monday() < 5)
            .collect();
        let skipped: Vec<NaiveDate> = limit.skipped_days.iter().map(|day| day.date).collect();
        prop_assert_eq!(skipped, closed);
    }

    #[test]
    fn expediting_never_moves_a_due_instant_later(received in receipts(), minutes in 0_i64..20_000) {
        let expedited = received + TimeDelta::minutes(minutes);
        let clocks = Policy::default().clocks(received, Some(expedited));
        let member = clock(&clocks, ClockKind::MemberNotification);
        prop_assert!(member.due_at() <= routine(received).due_at());
        let determination = clock(&clocks, ClockKind::Determination);
        prop_assert_eq!(determination.due_at() - expedited, TimeDelta::seconds(259_200));
    }

    #[test]
    fn a_day_that_is_counted_is_a_business_day(received in receipts(), days in 1_u32..40) {
        let calendar = Calendar::default();
        let start = calendar.day_of(received);
        let (last, skipped) = calendar.business_day_after(start, days);
        prop_assert!(calendar.is_business_day(last));
        let between = start.iter_days().skip(1).take_while(|day| *day <= last);
        let counted = between.filter(|day| calendar.is_business_day(*day)).count();
        prop_assert_eq!(counted, usize::try_from(days).expect("small"));
        prop_assert!(skipped.windows(2).all(|pair| pair[0].date < pair[1].date));
        let (due, _) = Amount::BusinessDays(days).after(received, &calendar);
        prop_assert_eq!(due.timestamp(), ALMANAC.begins(Day::from(last.to_epoch_days()) + 1));
    }
}
