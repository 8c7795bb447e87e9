//! The simulation: two replicas on one database, their callers and watchers, and the tasks under way.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::RngExt as _;
use proptest::test_runner::TestRng;

use crate::client::{self, CallResult, ClientRequest};
use crate::fault_injection::InjectedFault;
use crate::known::{KnownCase, submission};
use crate::model::{Database, REPLICAS, SharedDatabase, lock};
use crate::random::rng;
use crate::requests::Request;
use crate::scenario::{EnvironmentEvent, Step};
use crate::scheduler::Scheduler;
use crate::server::{self, Server, SweepResult};
use crate::trace::Trace;
use crate::turns::{Action, CallerKind, Turn};
use crate::watcher::{self, NextMessage, Watcher};

/// The first watcher starts at the first event, the others at the end of the log.
const WATCHERS: usize = 3;
/// More steps than any set of tasks takes to finish.
const STEPS_MAX: usize = 100_000;
/// A little longer than the interval of a stream's heartbeats.
pub const HEARTBEAT: Duration = Duration::from_secs(16);
/// One step in this many delivers a notification of the head, where there is one.
const NOTIFICATION_ONE_IN: u32 = 4;
/// One notification in this many is lost.
const LOST_NOTIFICATION_ONE_IN: u32 = 8;
/// The years of the reference calendar.
const FIRST_INSTANT: &str = "2016-06-01T00:00:00Z";
const LAST_INSTANT: &str = "2099-12-01T00:00:00Z";

/// The output of a task.
pub enum Output {
    Call(Box<CallResult>),
    Sweep(Box<SweepResult>),
    Message(usize, NextMessage),
}

pub struct Simulation {
    pub database: SharedDatabase,
    pub servers: [Server; REPLICAS],
    pub requests: Vec<ClientRequest>,
    pub watchers: Vec<Watcher>,
    pub trace: Trace,
    pub cases: Vec<KnownCase>,
    scheduler: Scheduler<Output>,
    rng: TestRng,
    now: DateTime<Utc>,
    skew: [TimeDelta; REPLICAS],
    fault: Option<InjectedFault>,
}

impl Simulation {
    pub fn new(now: DateTime<Utc>, fault: Option<InjectedFault>) -> Self {
        let database = Database::new(InjectedFault::database(fault));
        let database: SharedDatabase = Arc::new(Mutex::new(database));
        Self {
            servers: std::array::from_fn(|_| Server::start(&database, now, fault)),
            database,
            requests: Vec::new(),
            watchers: (0..WATCHERS)
                .map(|watcher| Watcher::new(watcher == 0))
                .collect(),
            trace: Trace::default(),
            cases: Vec::new(),
            scheduler: Scheduler::new(),
            rng: rng(0),
            now,
            skew: [TimeDelta::zero(); REPLICAS],
            fault,
        }
    }

    pub async fn take_step(&mut self, step: Step) {
        self.rng = rng(step.seed);
        lock(&self.database).rng = rng(!step.seed);
        if let Some(event) = step.event {
            self.apply(event).await;
        }
        self.advance_clocks(step.turn.clock_shift_us);
        self.take_turn(step.replica, step.turn);
        match step.polls {
            Some(polls) => (0..polls).for_each(|_| self.run_once()),
            None => self.run_until_idle(),
        }
    }

    async fn apply(&mut self, event: EnvironmentEvent) {
        self.trace.record(format!("{event:?}"));
        match event {
            EnvironmentEvent::Failure(replica, failure) => {
                self.servers[replica].store.fail_next(failure);
            }
            EnvironmentEvent::Crash(replica) => self.crash(replica),
            EnvironmentEvent::PowerLoss => {
                (0..REPLICAS).for_each(|replica| self.crash(replica));
                lock(&self.database).lose_power();
            }
            EnvironmentEvent::Watch(watcher, replica, forgotten) => {
                let watcher = watcher.index(WATCHERS);
                let task = self.watchers[watcher].task;
                let changes_replica = task.is_some_and(|(_, on)| on != replica);
                if changes_replica && self.watchers[watcher].position().is_some() {
                    self.trace.count("watchers that changed replica");
                }
                self.disconnect(watcher);
                self.watchers[watcher].forget(forgotten);
                self.connect(watcher, replica);
            }
            EnvironmentEvent::Unwatch(watcher) => self.disconnect(watcher.index(WATCHERS)),
            EnvironmentEvent::Quiet => self.wait_for_heartbeats().await,
            EnvironmentEvent::ClockSkew(replica, by_us) => {
                self.skew[replica] = TimeDelta::microseconds(by_us);
                self.advance_clocks(0);
            }
            EnvironmentEvent::Settle => self.settle().await,
        }
    }

    /// Moves the clocks, backwards too, within the years of the reference calendar.
    pub fn advance_clocks(&mut self, by_us: i64) {
        let instant = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
        let moved = self.now + TimeDelta::microseconds(by_us);
        self.now = moved.clamp(instant(FIRST_INSTANT), instant(LAST_INSTANT));
        for (server, skew) in self.servers.iter().zip(self.skew) {
            server.clock.set(self.now + skew);
        }
    }

    fn take_turn(&mut self, replica: usize, turn: Turn) {
        let times = 1 + usize::from(turn.twice);
        let now = self.now + self.skew[replica];
        match turn.action {
            Action::Sweep => self.sweep(replica),
            Action::Submit(request, ago) => {
                let request = submission(*request, ago, now);
                self.send_new(replica, turn.caller, request, None, times);
            }
            Action::Change(case, etag, step) if !self.cases.is_empty() => {
                let case = case.index(self.cases.len());
                let request = self.cases[case].change(etag, &step, now);
                self.send_new(replica, turn.caller, request, Some(case), times);
            }
            Action::Repeat(request, same) if !self.requests.is_empty() => {
                let request = request.index(self.requests.len());
                let is_answered = self.requests[request].answer.is_some();
                self.send(replica, request, is_answered && !same);
            }
            // There is no case to change, or no request to repeat.
            Action::Change(..) | Action::Repeat(..) => {}
        }
    }

    fn send_new(
        &mut self,
        replica: usize,
        caller: CallerKind,
        request: Request,
        case: Option<usize>,
        times: usize,
    ) {
        self.requests.push(ClientRequest {
            caller,
            request,
            case,
            answer: None,
            unresolved: 0,
        });
        for time in 0..times {
            self.send((replica + time) % REPLICAS, self.requests.len() - 1, false);
        }
    }

    pub fn send(&mut self, replica: usize, request: usize, is_altered: bool) {
        let failures_before = lock(&self.database).failures;
        let client_request = &mut self.requests[request];
        let content = if is_altered {
            client_request.request.with_other_content()
        } else {
            client_request.request.clone()
        };
        let key = client_request.replay_key();
        let was_committed = lock(&self.database).tables.replay(&key).is_some();
        if client_request.answer.is_none() && client_request.unresolved > 0 {
            self.trace.count("retries without an answer");
        }
        client_request.unresolved += u32::from(!is_altered);
        let calls = Arc::clone(&self.servers[replica].calls);
        let call = client::send(calls, client_request.caller, content);
        self.scheduler.spawn(replica, async move {
            let result = call.await;
            Output::Call(Box::new(CallResult {
                request,
                is_altered,
                was_committed,
                failures_before,
                result,
            }))
        });
    }

    fn sweep(&mut self, replica: usize) {
        if let Some(sweeper) = self.servers[replica].sweeper.take() {
            let sweep = server::sweep(replica, sweeper);
            self.scheduler
                .spawn(replica, async { Output::Sweep(Box::new(sweep.await)) });
        }
    }

    pub fn connect(&mut self, watcher: usize, replica: usize) {
        let cursor = self.watchers[watcher].cursor();
        let next = watcher::connect(Arc::clone(&self.servers[replica].calls), cursor);
        self.spawn_watch(watcher, replica, next);
    }

    pub fn spawn_watch(
        &mut self,
        watcher: usize,
        replica: usize,
        next: impl Future<Output = NextMessage> + 'static,
    ) {
        let output = async move { Output::Message(watcher, next.await) };
        self.watchers[watcher].task = Some((self.scheduler.spawn(replica, output), replica));
    }

    pub fn disconnect(&mut self, watcher: usize) {
        if let Some((task, _)) = self.watchers[watcher].task.take() {
            self.scheduler.cancel(task);
        }
    }

    fn crash(&mut self, replica: usize) {
        let lost = self.scheduler.cancel_replica(replica);
        self.trace.add("tasks lost in a crash", lost);
        for watcher in &mut self.watchers {
            watcher.task.take_if(|(_, on)| *on == replica);
        }
        lock(&self.database).notifications[replica].clear();
        let now = self.now + self.skew[replica];
        self.servers[replica] = Server::start(&self.database, now, self.fault);
    }

    /// Polls one task, or delivers one notification of the head.
    fn run_once(&mut self) {
        let replica = self.rng.random_range(0..REPLICAS);
        let is_notification = self.rng.random_ratio(1, NOTIFICATION_ONE_IN);
        if is_notification && self.deliver_notification(replica) {
            return;
        }
        match self.scheduler.poll(&mut self.rng) {
            Some(Output::Call(call)) => self.handle_call(*call),
            Some(Output::Sweep(sweep)) => self.handle_sweep(*sweep),
            Some(Output::Message(watcher, next)) => self.handle_message(watcher, next),
            None => {}
        }
    }

    /// Delivers any one of a replica's notifications, or loses it. Returns whether there was one.
    fn deliver_notification(&mut self, replica: usize) -> bool {
        let mut database = lock(&self.database);
        let notifications = &mut database.notifications[replica];
        if notifications.is_empty() {
            return false;
        }
        let any = self.rng.random_range(0..notifications.len());
        let position = notifications.swap_remove(any);
        drop(database);
        if !self.rng.random_ratio(1, LOST_NOTIFICATION_ONE_IN) {
            self.servers[replica].store.receive_head(position);
        }
        true
    }

    /// Runs until no task is ready and every notification is delivered.
    pub fn run_until_idle(&mut self) {
        for _ in 0..STEPS_MAX {
            let database = lock(&self.database);
            let are_delivered = database.notifications.iter().all(Vec::is_empty);
            drop(database);
            if are_delivered && !self.scheduler.has_ready_tasks() {
                return;
            }
            self.run_once();
        }
        panic!("the tasks do not finish");
    }

    /// Lets the time pass in which every quiet stream gets a heartbeat.
    pub async fn wait_for_heartbeats(&mut self) {
        tokio::time::advance(HEARTBEAT).await;
        tokio::task::yield_now().await;
        self.run_until_idle();
    }
}
