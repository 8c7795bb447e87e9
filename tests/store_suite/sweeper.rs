//! The sweeper over a store: each event once, with any number of sweepers.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use second_opinion::case::{EventBody, NoticeKind};
use second_opinion::clock::{Clock, ManualClock};
use second_opinion::notice::NoticeSettings;
use second_opinion::plan::Plan;
use second_opinion::rules::{Calendar, ClockKind};
use second_opinion::store::{Store, unseal, verify_log};
use second_opinion::sweeper::{CaseSweeper, Sweeper, Tally};
use uuid::Uuid;

use crate::support::change::{Change, RUNGS, made, read};
use crate::support::sample;

/// The events of a clock in order, by percent of its time; 100: `OVERDUE`.
const EVENT_PERCENTS: [u8; 4] = [50, 75, 90, 100];

fn sweeper<S: Store>(store: &Arc<S>, clock: &Arc<ManualClock>, plan: Plan) -> Sweeper {
    Sweeper::new(CaseSweeper {
        store: Arc::clone(store) as Arc<dyn Store>,
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        calendar: Calendar::default(),
        plan,
        notices: NoticeSettings::default(),
        reminder_thresholds: RUNGS.to_vec(),
    })
}

fn stopped_clock(now: DateTime<Utc>) -> Arc<ManualClock> {
    Arc::new(ManualClock::at(now))
}

/// Submits the `n`th member's request, urgent or not.
async fn submitted(store: &impl Store, n: u32, urgent: bool) -> Uuid {
    let change = Change::new_case(sample::start());
    let request = if urgent {
        sample::urgent_request(n, sample::start())
    } else {
        sample::request(n, sample::start())
    };
    made(store, change.submit(request)).await;
    change.id
}

/// A case's events by clock, in percent of its time.
async fn event_percents(store: &impl Store, id: Uuid) -> BTreeMap<ClockKind, Vec<u8>> {
    let history = store.history(id).await.expect("read");
    let mut percents: BTreeMap<ClockKind, Vec<u8>> = BTreeMap::new();
    for event in unseal(id, &history).expect("events") {
        if let EventBody::DueSoon(soon) = event.body {
            percents
                .entry(soon.clock)
                .or_default()
                .push(soon.elapsed_percent);
        } else if let EventBody::Overdue(overdue) = event.body {
            percents.entry(overdue.clock).or_default().push(100);
        }
    }
    percents
}

/// Runs three new sweepers at once, and gives the sum of their tallies.
async fn sweep_by_three<S: Store>(store: &Arc<S>, clock: &Arc<ManualClock>) -> Tally {
    let rounds = (0..3).map(|_| {
        let mut sweeper = sweeper(store, clock, Plan::default());
        tokio::spawn(async move { sweeper.round().await })
    });
    let mut sum = Tally::default();
    for tally in futures::future::join_all(rounds).await {
        let tally = tally.expect("no panic").expect("swept");
        sum.due_soon += tally.due_soon;
        sum.overdue += tally.overdue;
        sum.letters += tally.letters;
    }
    sum
}

pub async fn concurrent_sweepers_record_each_event_once<S: Store>(store: Arc<S>) {
    let clock = stopped_clock(sample::start());
    let mut cases = Vec::new();
    for n in 0..40 {
        cases.push(submitted(&*store, n, n % 2 == 0).await);
    }
    let mut total = Tally::default();
    // The thresholds of the urgent cases, then those of the others at once, and at last the clocks that run out.
    for hours in [35, 36, 54, 65, 72, 180, 181, 182] {
        clock.set(sample::start() + TimeDelta::hours(hours));
        let now = sweep_by_three(&store, &clock).await;
        total.due_soon += now.due_soon;
        total.overdue += now.overdue;
        total.letters += now.letters;
        if hours == 35 {
            assert_eq!(now, Tally::default(), "not yet");
        }
    }
    for (n, id) in cases.iter().enumerate() {
        let percents = event_percents(&*store, *id).await;
        assert_eq!(percents.len(), if n % 2 == 0 { 2 } else { 1 }, "clocks");
        assert!(
            percents
                .values()
                .all(|percents| *percents == EVENT_PERCENTS),
            "{percents:?}"
        );
        let case = read(&*store, *id).await;
        let kinds: Vec<_> = case.current.notices.iter().map(|it| it.kind).collect();
        assert_eq!(kinds, [NoticeKind::Lapse]);
        let letter = store.notice(case.current.notices[0].notice_id).await;
        assert!(letter.expect("read").is_some());
    }
    // Each sweeper counts its own events.
    assert_eq!((total.due_soon, total.overdue), (60 * 3, 60));
    assert_eq!(total.letters, 40);
    let report = verify_log(&*store).await.expect("read");
    assert_eq!((report.findings, report.events), (vec![], 40 + 60 * 4));
}

pub async fn case_without_a_due_event_is_deferred_and_delays_no_other<S: Store>(store: Arc<S>) {
    // As after a migration: more cases than a batch holds are to be swept, and none of them has an event due.
    for n in 0..300 {
        let change = Change::new_case(sample::start());
        let mut commit = change.submit(sample::request(n, sample::start()));
        commit.columns.sweep_at = Some(DateTime::UNIX_EPOCH);
        made(&*store, commit).await;
    }
    let urgent = submitted(&*store, 300, true).await;
    let clock = stopped_clock(sample::urgent_gone(50));
    let mut sweeper = sweeper(&store, &clock, Plan::default());
    let first = sweeper.round().await.expect("swept");
    assert_eq!((first.deferred, first.due_soon), (300, 2));
    assert_eq!(event_percents(&*store, urgent).await.len(), 2);
    let second = sweeper.round().await.expect("swept");
    assert_eq!(second, Tally::default(), "none is looked at again");
    // Later each is read once more, because it may have changed.
    clock.set(sample::urgent_gone(50) + TimeDelta::minutes(10));
    let third = sweeper.round().await.expect("swept");
    assert_eq!((third.examined, third.deferred), (300, 300));
    // Once an event is due it is recorded, and from then on the store has the right instant.
    clock.set(sample::start() + TimeDelta::hours(91));
    let fourth = sweeper.round().await.expect("swept");
    assert_eq!(
        (fourth.deferred, fourth.due_soon, fourth.overdue),
        (0, 300, 2)
    );
    let fifth = sweeper.round().await.expect("swept");
    assert_eq!(fifth, Tally::default());
}

pub async fn deferred_case_is_swept_in_time_after_a_change<S: Store>(store: Arc<S>) {
    let change = Change::new_case(sample::start());
    let mut commit = change.submit(sample::urgent_request(1, sample::start()));
    commit.columns.sweep_at = Some(DateTime::UNIX_EPOCH);
    made(&*store, commit).await;
    let early = sample::urgent_gone(50) - TimeDelta::seconds(3);
    let clock = stopped_clock(early);
    let mut sweeper = sweeper(&store, &clock, Plan::default());
    assert_eq!(sweeper.round().await.expect("swept").deferred, 1);
    let case = read(&*store, change.id).await;
    made(&*store, Change::of(&case, early).verify()).await;
    assert_eq!(sweeper.round().await.expect("swept"), Tally::default());
    clock.set(sample::urgent_gone(50));
    assert_eq!(sweeper.round().await.expect("swept").due_soon, 2);
}

pub async fn case_whose_letter_fails_stays_due_and_delays_no_other<S: Store>(store: Arc<S>) {
    let urgent = submitted(&*store, 1, true).await;
    let routine = submitted(&*store, 2, false).await;
    let mut plan = Plan::default();
    plan.appeals.phone.clear();
    plan.appeals.address_lines.clear();
    plan.appeals.website.clear();
    // The urgent case is overdue, and half of the other's time has passed.
    let clock = stopped_clock(sample::start() + TimeDelta::hours(91));
    let first = sweeper(&store, &clock, plan).round().await.expect("swept");
    assert_eq!((first.due_soon, first.overdue, first.deferred), (1, 0, 1));
    assert_eq!(event_percents(&*store, routine).await.len(), 1);
    assert_eq!(event_percents(&*store, urgent).await.len(), 0);
    let mended = sweeper(&store, &clock, Plan::default()).round().await;
    let mended = mended.expect("swept");
    assert_eq!((mended.overdue, mended.letters), (2, 1));
}

pub async fn closed_store_ends_the_sweep<S: Store>(store: Arc<S>) {
    submitted(&*store, 1, true).await;
    store.close().await;
    let clock = stopped_clock(sample::urgent_gone(50));
    let ended = sweeper(&store, &clock, Plan::default()).round().await;
    assert!(ended.is_err(), "{ended:?}");
}
