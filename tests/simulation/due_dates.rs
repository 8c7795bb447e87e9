//! Due dates computed a second time, by the reference calendar.

use std::sync::LazyLock;

use chrono::NaiveDate;
use second_opinion::case::{Case, Clock};
use second_opinion::rules::{Clause, ClockKind, Pathway, Urgency};

use crate::almanac::{Almanac, Day};

static CALENDAR: LazyLock<Almanac> = LazyLock::new(Almanac::new);

/// Checks the due dates of a case as it was opened, and returns whether it has any that follow from the calendar: those of a
/// routine request that needs authorization.
pub fn check(opened: &Case) -> bool {
    let file = &opened.current;
    let is_routine = file.assessment.urgency == Urgency::Routine;
    let needs_authorization = file.assessment.pathway == Pathway::PriorAuthorization;
    if !is_routine || !needs_authorization {
        return false;
    }
    let clock = file
        .clocks
        .iter()
        .find(|it| it.kind == ClockKind::MemberNotification);
    let clock = clock.expect("a clock for the member's notification");
    let received = file.request.received_at;
    let day = CALENDAR.day_at(received.timestamp());
    let (fifth, skipped) = CALENDAR.business_day(day, 5);
    let skipped: Vec<NaiveDate> = skipped.into_iter().map(date).collect();
    let policy = Some((CALENDAR.begins(fifth + 1), skipped));
    assert_eq!(limit(clock, Clause::RoutineTimeframe), policy, "{received}");
    let federal = (CALENDAR.page(day).year >= 2026).then(|| (CALENDAR.begins(day + 8), Vec::new()));
    assert_eq!(
        limit(clock, Clause::FederalStandardTimeframe),
        federal,
        "{received}"
    );
    true
}

/// The second in which a limit ends, and the closures before it.
fn limit(clock: &Clock, source: Clause) -> Option<(i64, Vec<NaiveDate>)> {
    let limit = clock.limits.iter().find(|limit| limit.source == source)?;
    assert_eq!(limit.due_at.timestamp_subsec_nanos(), 0, "a day's end");
    let skipped = limit.skipped_days.iter().map(|day| day.date).collect();
    Some((limit.due_at.timestamp(), skipped))
}

fn date(day: Day) -> NaiveDate {
    let date = NaiveDate::from_epoch_days(i32::try_from(day).expect("a day of these centuries"));
    date.expect("a day of these centuries")
}
