//! What holds when everything has come to rest?

use std::collections::BTreeSet;

use chrono::TimeDelta;
use second_opinion::clock::Clock as _;
use second_opinion::store::{LogEntry, Store as _, fold};

use crate::checks;
use crate::due;
use crate::model::{REPLICAS, held};
use crate::world::World;

/// More than any of these logs has.
const EVERY_ENTRY: usize = 10_000;
/// Longer than a sweeper leaves a case alone.
const REST: TimeDelta = TimeDelta::minutes(11);

impl World {
    /// Everyone comes to rest, and then the sweeper comes by: no one is overdue without an event.
    pub async fn settle(&mut self) {
        self.servers.iter().for_each(|server| server.store.heal());
        self.rest();
        // What it set aside while others were at it is looked at again by then.
        self.leap(REST.num_microseconds().expect("minutes"));
        for replica in 0..REPLICAS {
            let server = &mut self.servers[replica];
            let now = server.clock.now();
            let sweeper = server.sweeper.as_mut().expect("one that is back");
            let tally = sweeper.round().await.expect("swept");
            self.trace.add("told overdue", tally.overdue);
            let owed = self.servers[replica].store.to_sweep(now, 9).await;
            let owed = owed.expect("read");
            assert!(owed.is_empty(), "owed something after a sweep: {owed:?}");
            let database = held(&self.database);
            for row in database.disk.cases.values() {
                let file = &row.case.file;
                for clock in file.clocks.iter().filter(|clock| clock.runs()) {
                    let told = file.told_of(clock.kind).overdue;
                    assert!(told || now < clock.due_at(), "overdue without an event");
                }
            }
        }
        self.trace.count("settled");
        self.rest();
    }

    /// The end of a run: every request is sent until its outcome is known, every watcher hears all of the log, and the
    /// log keeps every promise.
    pub async fn end(&mut self) {
        self.settle().await;
        for asked in 0..self.asked.len() {
            if self.asked[asked].answer.is_none() && self.asked[asked].open > 0 {
                self.send(asked % REPLICAS, asked, false);
            }
        }
        self.rest();
        // For ever: whatever happened since.
        for asked in 0..self.asked.len() {
            if self.asked[asked].answer.is_some() {
                self.send((asked + 1) % REPLICAS, asked, false);
                self.send(asked % REPLICAS, asked, true);
            }
        }
        self.rest();
        self.settle().await;
        self.check_watchers().await;
        self.check_log().await;
    }

    async fn log(&self) -> Vec<LogEntry> {
        let log = self.servers[0].store.log_after(0, EVERY_ENTRY).await;
        log.expect("the log")
    }

    async fn check_watchers(&mut self) {
        for watcher in 0..self.watchers.len() {
            let replica = match self.watchers[watcher].task {
                Some((_, on)) => REPLICAS - 1 - on,
                None => watcher % REPLICAS,
            };
            // One is left where it is: what it did not hear of reaches it all the same.
            if watcher > 0 || self.watchers[watcher].task.is_none() {
                self.leave(watcher);
                self.watch(watcher, replica);
            }
        }
        self.rest();
        self.quiet().await;
        let log = self.log().await;
        for watcher in &self.watchers {
            watcher.check(&log);
        }
    }

    async fn check_log(&mut self) {
        let server = &self.servers[0];
        let logged = checks::check(&*server.store, &server.calls).await;
        let mut acknowledged = BTreeSet::new();
        for asked in &mut self.asked {
            let held = server.store.replay(&asked.key()).await.expect("read");
            assert_eq!(
                held.is_some(),
                asked.answer.is_some(),
                "acknowledged and kept"
            );
            if let Some(replay) = held {
                let id = replay.determination_id;
                let history = server.store.history(id).await.expect("a history");
                let upto = usize::try_from(replay.version).expect("a small number");
                let case = fold(id, &history[..upto]).expect("a case");
                acknowledged.insert((id, case.etag()));
            }
        }
        let count = logged.len();
        assert_eq!(logged.into_iter().collect::<BTreeSet<_>>(), acknowledged);
        assert_eq!(count, acknowledged.len(), "each once");

        let log = self.log().await;
        for entry in log.iter().filter(|entry| entry.version == 1) {
            let store = &self.servers[0].store;
            let history = store
                .history(entry.determination_id)
                .await
                .expect("a history");
            let opened = fold(entry.determination_id, &history[..1]).expect("a case");
            self.trace
                .add("due by the almanac", usize::from(due::check(&opened)));
        }
        for entry in &log {
            self.trace.entry(entry);
        }
        let database = held(&self.database);
        self.trace
            .add("commits that came too late", database.conflicts);
        self.trace
            .add("commits that no one waited for", database.orphans);
        for server in &self.servers {
            for (what, times) in FAULTS.into_iter().zip(&server.store.passed) {
                let times = times.load(std::sync::atomic::Ordering::Relaxed);
                self.trace
                    .add(what, usize::try_from(times).expect("a small number"));
            }
        }
    }
}

/// What each fault is counted as, in their order.
const FAULTS: [&str; 5] = [
    "reads that failed",
    "commits that were not sent",
    "commits that failed at the sync",
    "commits whose answer was lost",
    "commits that came twice",
];
