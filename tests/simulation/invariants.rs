//! The invariants of a run, checked once its tasks have finished.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use chrono::TimeDelta;
use second_opinion::clock::Clock as _;
use second_opinion::store::{LogEntry, Store as _, fold};

use crate::checks;
use crate::due_dates;
use crate::model::{Failure, REPLICAS, lock};
use crate::simulation::Simulation;

/// More than any of these logs has.
const LOG_ENTRIES_MAX: usize = 10_000;
/// Longer than a sweeper leaves a case aside.
const SET_ASIDE: TimeDelta = TimeDelta::minutes(11);
/// Due cases that a failed check shows.
const DUE_CASES_SHOWN: usize = 9;

impl Simulation {
    /// Lets every task finish, sweeps on each replica, and checks that no clock is overdue without an event.
    pub async fn settle(&mut self) {
        for server in &self.servers {
            server.store.clear_failures();
        }
        self.run_until_idle();
        self.advance_clocks(SET_ASIDE.num_microseconds().expect("minutes"));
        for replica in 0..REPLICAS {
            let server = &mut self.servers[replica];
            let now = server.clock.now();
            let sweeper = server.sweeper.as_mut().expect("no sweep under way");
            let tally = sweeper.round().await.expect("a sweep");
            self.trace.add("overdue events", tally.overdue);
            let due = server.store.to_sweep(now, DUE_CASES_SHOWN).await;
            let due = due.expect("a read");
            assert!(due.is_empty(), "still due after a sweep: {due:?}");
            let database = lock(&self.database);
            for row in database.tables.cases.values() {
                let file = &row.case.current;
                for clock in file.clocks.iter().filter(|clock| clock.runs()) {
                    let has_event = file.reminders_of(clock.kind).overdue;
                    assert!(
                        has_event || now < clock.due_at(),
                        "overdue without an event"
                    );
                }
            }
        }
        self.trace.count("settled");
        self.run_until_idle();
    }

    /// Ends a run: retries every request until its outcome is known, lets every watcher receive the rest of the log, and
    /// checks the log.
    pub async fn finish(&mut self) {
        self.settle().await;
        for request in 0..self.requests.len() {
            let client_request = &self.requests[request];
            if client_request.answer.is_none() && client_request.unresolved > 0 {
                self.send(request % REPLICAS, request, false);
            }
        }
        self.run_until_idle();
        // An answer is replayed for ever, and its request id never takes other content.
        for request in 0..self.requests.len() {
            if self.requests[request].answer.is_some() {
                self.send((request + 1) % REPLICAS, request, false);
                self.send(request % REPLICAS, request, true);
            }
        }
        self.run_until_idle();
        self.settle().await;
        self.check_watchers().await;
        self.check_acknowledged().await;
        self.check_due_dates().await;
        self.record_totals().await;
    }

    async fn log(&self) -> Vec<LogEntry> {
        let log = self.servers[0].store.log_after(0, LOG_ENTRIES_MAX).await;
        log.expect("the log")
    }

    /// Every watcher has received every event since its start. All but a connected first one resume on another replica.
    async fn check_watchers(&mut self) {
        for watcher in 0..self.watchers.len() {
            let task = self.watchers[watcher].task;
            let replica = match task {
                Some((_, replica)) => REPLICAS - 1 - replica,
                None => watcher % REPLICAS,
            };
            if watcher > 0 || task.is_none() {
                self.disconnect(watcher);
                self.connect(watcher, replica);
            }
        }
        self.run_until_idle();
        self.wait_for_heartbeats().await;
        let log = self.log().await;
        for watcher in &self.watchers {
            watcher.check(&log);
        }
    }

    /// The log proves itself, and holds each acknowledged change once and no other change by a caller.
    async fn check_acknowledged(&mut self) {
        let server = &self.servers[0];
        let logged = checks::check(&*server.store, &server.calls).await;
        let mut acknowledged = BTreeSet::new();
        for request in &mut self.requests {
            let replay = server.store.replay(&request.replay_key()).await;
            let replay = replay.expect("a read");
            assert_eq!(
                replay.is_some(),
                request.answer.is_some(),
                "acknowledged and stored"
            );
            if let Some(replay) = replay {
                let id = replay.determination_id;
                let history = server.store.history(id).await.expect("a history");
                let length = usize::try_from(replay.version).expect("a small number");
                let case = fold(id, &history[..length]).expect("a case");
                acknowledged.insert((id, case.etag()));
            }
        }
        let count = logged.len();
        assert_eq!(logged.into_iter().collect::<BTreeSet<_>>(), acknowledged);
        assert_eq!(count, acknowledged.len(), "each change once");
    }

    async fn check_due_dates(&mut self) {
        let log = self.log().await;
        for entry in log.iter().filter(|entry| entry.version == 1) {
            let id = entry.determination_id;
            let history = self.servers[0].store.history(id).await;
            let opened = fold(id, &history.expect("a history")[..1]).expect("a case");
            let has_due_dates = due_dates::check(&opened);
            self.trace
                .add("due dates checked", usize::from(has_due_dates));
        }
    }

    async fn record_totals(&mut self) {
        for entry in &self.log().await {
            self.trace.record_log_entry(entry);
        }
        let database = lock(&self.database);
        self.trace.add("version conflicts", database.conflicts);
        self.trace
            .add("commits after a cancellation", database.orphans);
        for server in &self.servers {
            for (failure, times) in Failure::ALL.into_iter().zip(&server.store.failures) {
                let times = usize::try_from(times.load(Ordering::Relaxed));
                self.trace
                    .add(failure.name(), times.expect("a small number"));
            }
        }
    }
}
