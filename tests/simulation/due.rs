//! By when was each request due, computed a second time?

use std::sync::LazyLock;

use chrono::NaiveDate;
use second_opinion::case::{Case, Clock};
use second_opinion::rules::{Clause, ClockKind, Pathway, Urgency};

use crate::almanac::{Almanac, Day};

static ALMANAC: LazyLock<Almanac> = LazyLock::new(Almanac::new);

/// Checks a case as it was opened: a routine request that needs authorisation is due by the calendar. Gives whether it
/// was one.
pub fn check(opened: &Case) -> bool {
    let file = &opened.file;
    let is_routine = file.assessment.urgency == Urgency::Routine;
    let needs_authorisation = file.assessment.pathway == Pathway::PriorAuthorization;
    if !is_routine || !needs_authorisation {
        return false;
    }
    let clock = file
        .clocks
        .iter()
        .find(|it| it.kind == ClockKind::MemberNotification);
    let clock = clock.expect("the member is to be told");
    let received = file.request.received_at;
    let day = ALMANAC.day_at(received.timestamp());
    let (fifth, passed) = ALMANAC.business_day(day, 5);
    let passed: Vec<NaiveDate> = passed.into_iter().map(date_of).collect();
    let policy = Some((ALMANAC.begins(fifth + 1), passed));
    assert_eq!(limit(clock, Clause::RoutineTimeframe), policy, "{received}");
    let federal = (ALMANAC.page(day).year >= 2026).then(|| (ALMANAC.begins(day + 8), Vec::new()));
    assert_eq!(
        limit(clock, Clause::FederalStandardTimeframe),
        federal,
        "{received}"
    );
    true
}

/// The second in which a limit ends, and the closures on the way.
fn limit(clock: &Clock, source: Clause) -> Option<(i64, Vec<NaiveDate>)> {
    let limit = clock.limits.iter().find(|limit| limit.source == source)?;
    assert_eq!(limit.due_at.timestamp_subsec_nanos(), 0, "a day's end");
    let skipped = limit.skipped_days.iter().map(|day| day.date).collect();
    Some((limit.due_at.timestamp(), skipped))
}

fn date_of(day: Day) -> NaiveDate {
    let date = NaiveDate::from_epoch_days(i32::try_from(day).expect("a day of these centuries"));
    date.expect("a day of these centuries")
}
