//! Does the sweeper tell everything once over a store, whoever else sweeps it?

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

/// What is told of a clock, in order; 100: that it ran out.
const TOLD: [u8; 4] = [50, 75, 90, 100];

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

fn standing_at(now: DateTime<Utc>) -> Arc<ManualClock> {
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

/// What a case was told, by clock.
async fn told(store: &impl Store, id: Uuid) -> BTreeMap<ClockKind, Vec<u8>> {
    let history = store.history(id).await.expect("read");
    let mut told: BTreeMap<ClockKind, Vec<u8>> = BTreeMap::new();
    for event in unseal(id, &history).expect("events") {
        if let EventBody::DueSoon(soon) = event.body {
            told.entry(soon.clock)
                .or_default()
                .push(soon.elapsed_percent);
        } else if let EventBody::Overdue(overdue) = event.body {
            told.entry(overdue.clock).or_default().push(100);
        }
    }
    told
}

/// Three sweepers at once, one of them new each time; gives what they told together.
async fn swept_by_three<S: Store>(store: &Arc<S>, clock: &Arc<ManualClock>) -> Tally {
    let rounds = (0..3).map(|_| {
        let mut sweeper = sweeper(store, clock, Plan::default());
        tokio::spawn(async move { sweeper.round().await })
    });
    let mut together = Tally::default();
    for tally in futures::future::join_all(rounds).await {
        let tally = tally.expect("no panic").expect("swept");
        together.due_soon += tally.due_soon;
        together.overdue += tally.overdue;
        together.letters += tally.letters;
    }
    together
}

pub async fn each_thing_is_told_once_by_however_many_sweepers<S: Store>(store: Arc<S>) {
    let clock = standing_at(sample::start());
    let mut cases = Vec::new();
    for n in 0..40 {
        cases.push(submitted(&*store, n, n % 2 == 0).await);
    }
    let mut together = Tally::default();
    // The rungs of the urgent cases, then at one go those of the others, and what runs out when there is nothing left.
    for hours in [35, 36, 54, 65, 72, 180, 181, 182] {
        clock.set(sample::start() + TimeDelta::hours(hours));
        let now = swept_by_three(&store, &clock).await;
        together.due_soon += now.due_soon;
        together.overdue += now.overdue;
        together.letters += now.letters;
        if hours == 35 {
            assert_eq!(now, Tally::default(), "not yet");
        }
    }
    for (n, id) in cases.iter().enumerate() {
        let told = told(&*store, *id).await;
        assert_eq!(told.len(), if n % 2 == 0 { 2 } else { 1 }, "clocks");
        assert!(told.values().all(|told| *told == TOLD), "{told:?}");
        let case = read(&*store, *id).await;
        let kinds: Vec<_> = case.current.notices.iter().map(|it| it.kind).collect();
        assert_eq!(kinds, [NoticeKind::Lapse]);
        let letter = store.notice(case.current.notices[0].notice_id).await;
        assert!(letter.expect("read").is_some());
    }
    // What each sweeper counts is what it told itself.
    assert_eq!((together.due_soon, together.overdue), (60 * 3, 60));
    assert_eq!(together.letters, 40);
    let report = verify_log(&*store).await.expect("read");
    assert_eq!((report.findings, report.events), (vec![], 40 + 60 * 4));
}

pub async fn a_case_that_is_owed_nothing_yet_is_set_aside_and_keeps_no_one_waiting<S: Store>(
    store: Arc<S>,
) {
    // As after a migration: more cases than fit into one batch say that they are to be looked at, and are owed nothing.
    for n in 0..300 {
        let change = Change::new_case(sample::start());
        let mut commit = change.submit(sample::request(n, sample::start()));
        commit.columns.sweep_at = Some(DateTime::UNIX_EPOCH);
        made(&*store, commit).await;
    }
    let urgent = submitted(&*store, 300, true).await;
    let clock = standing_at(sample::urgent_gone(50));
    let mut sweeper = sweeper(&store, &clock, Plan::default());
    let first = sweeper.round().await.expect("swept");
    assert_eq!((first.deferred, first.due_soon), (300, 2));
    assert_eq!(told(&*store, urgent).await.len(), 2);
    let second = sweeper.round().await.expect("swept");
    assert_eq!(second, Tally::default(), "none is looked at again");
    // A while later each is looked at once more, in case that it has changed.
    clock.set(sample::urgent_gone(50) + TimeDelta::minutes(10));
    let third = sweeper.round().await.expect("swept");
    assert_eq!((third.examined, third.deferred), (300, 300));
    // Once they are owed something they are told, and from then on the store knows when to look.
    clock.set(sample::start() + TimeDelta::hours(91));
    let fourth = sweeper.round().await.expect("swept");
    assert_eq!(
        (fourth.deferred, fourth.due_soon, fourth.overdue),
        (0, 300, 2)
    );
    let fifth = sweeper.round().await.expect("swept");
    assert_eq!(fifth, Tally::default());
}

pub async fn what_was_set_aside_is_told_in_time_once_someone_changes_it<S: Store>(store: Arc<S>) {
    let change = Change::new_case(sample::start());
    let mut commit = change.submit(sample::urgent_request(1, sample::start()));
    commit.columns.sweep_at = Some(DateTime::UNIX_EPOCH);
    made(&*store, commit).await;
    let early = sample::urgent_gone(50) - TimeDelta::seconds(3);
    let clock = standing_at(early);
    let mut sweeper = sweeper(&store, &clock, Plan::default());
    assert_eq!(sweeper.round().await.expect("swept").deferred, 1);
    let case = read(&*store, change.id).await;
    made(&*store, Change::of(&case, early).verify()).await;
    assert_eq!(sweeper.round().await.expect("swept"), Tally::default());
    clock.set(sample::urgent_gone(50));
    assert_eq!(sweeper.round().await.expect("swept").due_soon, 2);
}

pub async fn a_case_whose_letter_cannot_be_made_stays_owed_and_the_others_are_told<S: Store>(
    store: Arc<S>,
) {
    let urgent = submitted(&*store, 1, true).await;
    let routine = submitted(&*store, 2, false).await;
    let mut plan = Plan::default();
    plan.appeals.phone.clear();
    plan.appeals.address_lines.clear();
    plan.appeals.website.clear();
    // The urgent case has lapsed, and half of the other's time has gone.
    let clock = standing_at(sample::start() + TimeDelta::hours(91));
    let first = sweeper(&store, &clock, plan).round().await.expect("swept");
    assert_eq!((first.due_soon, first.overdue, first.deferred), (1, 0, 1));
    assert_eq!(told(&*store, routine).await.len(), 1);
    assert_eq!(told(&*store, urgent).await.len(), 0);
    let mended = sweeper(&store, &clock, Plan::default()).round().await;
    let mended = mended.expect("swept");
    assert_eq!((mended.overdue, mended.letters), (2, 1));
}

pub async fn a_store_that_is_closed_ends_the_round<S: Store>(store: Arc<S>) {
    submitted(&*store, 1, true).await;
    store.close().await;
    let clock = standing_at(sample::urgent_gone(50));
    let ended = sweeper(&store, &clock, Plan::default()).round().await;
    assert!(ended.is_err(), "{ended:?}");
}
