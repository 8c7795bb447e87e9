//! What goes on at the same time: two replicas on one database, their callers and watchers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::asked::{self, Asked, Called};
use crate::chance::{Chance, Tasks};
use crate::fault_injection::InjectedFault;
use crate::known::{Known, submission};
use crate::model::{Database, REPLICAS, Shared, held};
use crate::plan::{Happening, Planned};
use crate::requests::Request;
use crate::servers::{self, Server, Swept};
use crate::trace::Trace;
use crate::turns::{Deed, Turn, Who};
use crate::watchers::{self, Next, Watcher};

/// As many as follow the log; the first of them from its beginning.
const WATCHERS: usize = 3;
/// More moves than anything takes to come to rest.
const MOVES_MAX: usize = 100_000;
/// A little longer than a stream is quiet before it says so.
pub const QUIET: Duration = Duration::from_secs(16);

/// What a task comes to.
pub enum Done {
    Called(Box<Called>),
    Swept(Box<Swept>),
    Watched(usize, Next),
}

pub struct World {
    pub database: Shared,
    pub servers: [Server; REPLICAS],
    pub asked: Vec<Asked>,
    pub watchers: Vec<Watcher>,
    pub trace: Trace,
    pub cases: Vec<Known>,
    tasks: Tasks<Done>,
    chance: Chance,
    now: DateTime<Utc>,
    skew: [TimeDelta; REPLICAS],
    fault: Option<InjectedFault>,
}

impl World {
    pub fn new(now: DateTime<Utc>, fault: Option<InjectedFault>) -> Self {
        let of_database = fault.and_then(InjectedFault::of_database);
        let database: Shared = Arc::new(Mutex::new(Database::empty(of_database)));
        Self {
            servers: std::array::from_fn(|_| Server::start(&database, now, fault)),
            database,
            asked: Vec::new(),
            watchers: (0..WATCHERS)
                .map(|watcher| Watcher::new(watcher == 0))
                .collect(),
            trace: Trace::default(),
            cases: Vec::new(),
            tasks: Tasks::none(),
            chance: Chance::of(0),
            now,
            skew: [TimeDelta::zero(); REPLICAS],
            fault,
        }
    }

    pub async fn take(&mut self, planned: Planned) {
        self.chance = Chance::of(planned.chance);
        held(&self.database).chance = Chance::of(!planned.chance);
        if let Some(happening) = planned.before {
            self.happen(happening).await;
        }
        self.leap(planned.turn.leap_us);
        self.turn(planned.replica, planned.turn);
        match planned.moves {
            Some(moves) => (0..moves).for_each(|_| self.go_on()),
            None => self.rest(),
        }
    }

    async fn happen(&mut self, happening: Happening) {
        self.trace.say(format!("{happening:?}"));
        match happening {
            Happening::Fault(replica, fault) => self.servers[replica].store.arm(fault),
            Happening::Crash(replica) => self.crash(replica),
            Happening::PowerLoss => {
                (0..REPLICAS).for_each(|replica| self.crash(replica));
                held(&self.database).lose_power();
            }
            Happening::Watch(watcher, replica, lost) => {
                let watcher = watcher.index(WATCHERS);
                let was_elsewhere = self.watchers[watcher]
                    .task
                    .is_some_and(|(_, on)| on != replica);
                if was_elsewhere && self.watchers[watcher].position().is_some() {
                    self.trace.count("watched on elsewhere");
                }
                self.leave(watcher);
                self.watchers[watcher].lose(lost);
                self.watch(watcher, replica);
            }
            Happening::Leave(watcher) => self.leave(watcher.index(WATCHERS)),
            Happening::Quiet => self.quiet().await,
            Happening::Skew(replica, by_us) => {
                self.skew[replica] = TimeDelta::microseconds(by_us);
                self.leap(0);
            }
            Happening::Settle => self.settle().await,
        }
    }

    /// Moves the clocks, within the years that the almanac knows.
    pub fn leap(&mut self, by_us: i64) {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
        let there = self.now + TimeDelta::microseconds(by_us);
        self.now = there.clamp(at("2016-06-01T00:00:00Z"), at("2099-12-01T00:00:00Z"));
        for (server, skew) in self.servers.iter().zip(self.skew) {
            server.clock.set(self.now + skew);
        }
    }

    fn turn(&mut self, replica: usize, turn: Turn) {
        let times = 1 + usize::from(turn.twice);
        let now = self.now + self.skew[replica];
        match turn.deed {
            Deed::Sweep => self.sweep(replica),
            Deed::Submit(request, ago) => {
                let request = submission(*request, ago, now);
                self.ask(replica, turn.who, request, None, times);
            }
            Deed::Change(case, etag, step) if !self.cases.is_empty() => {
                let case = case.index(self.cases.len());
                let request = self.cases[case].change(etag, &step, now);
                self.ask(replica, turn.who, request, Some(case), times);
            }
            Deed::Repeat(which, same) if !self.asked.is_empty() => {
                let which = which.index(self.asked.len());
                let known = self.asked[which].answer.is_some();
                self.send(replica, which, known && !same);
            }
            // There is nothing yet to do it to.
            Deed::Change(..) | Deed::Repeat(..) => {}
        }
    }

    fn ask(
        &mut self,
        replica: usize,
        who: Who,
        request: Request,
        case: Option<usize>,
        times: usize,
    ) {
        self.asked.push(Asked {
            who,
            request,
            case,
            answer: None,
            open: 0,
        });
        for time in 0..times {
            self.send((replica + time) % REPLICAS, self.asked.len() - 1, false);
        }
    }

    pub fn send(&mut self, replica: usize, asked: usize, otherwise: bool) {
        let failures_before = held(&self.database).failures;
        let of = &mut self.asked[asked];
        let request = if otherwise {
            of.request.otherwise()
        } else {
            of.request.clone()
        };
        let again = held(&self.database).disk.replay(&of.key()).is_some();
        if of.answer.is_none() && of.open > 0 {
            self.trace.count("sent again without an answer");
        }
        of.open += u32::from(!otherwise);
        let sending = asked::send(Arc::clone(&self.servers[replica].calls), of.who, request);
        self.tasks.spawn(replica, async move {
            let result = sending.await;
            Done::Called(Box::new(Called {
                asked,
                otherwise,
                again,
                failures_before,
                result,
            }))
        });
    }

    fn sweep(&mut self, replica: usize) {
        if let Some(sweeper) = self.servers[replica].sweeper.take() {
            let round = servers::sweep(replica, sweeper);
            self.tasks
                .spawn(replica, async { Done::Swept(Box::new(round.await)) });
        }
    }

    pub fn watch(&mut self, watcher: usize, replica: usize) {
        let cursor = self.watchers[watcher].cursor();
        let next = watchers::connect(Arc::clone(&self.servers[replica].calls), cursor);
        self.wait_for(watcher, replica, next);
    }

    pub fn wait_for(
        &mut self,
        watcher: usize,
        replica: usize,
        next: impl Future<Output = Next> + 'static,
    ) {
        let done = async move { Done::Watched(watcher, next.await) };
        self.watchers[watcher].task = Some((self.tasks.spawn(replica, done), replica));
    }

    pub fn leave(&mut self, watcher: usize) {
        if let Some((task, _)) = self.watchers[watcher].task.take() {
            self.tasks.cut(task);
        }
    }

    fn crash(&mut self, replica: usize) {
        let cut = self.tasks.crash(replica);
        self.trace.add("cut off by a crash", cut);
        for watcher in &mut self.watchers {
            watcher.task.take_if(|(_, on)| *on == replica);
        }
        held(&self.database).news[replica].clear();
        let now = self.now + self.skew[replica];
        self.servers[replica] = Server::start(&self.database, now, self.fault);
    }

    /// One move: someone goes a step further, or a replica hears of the head.
    fn go_on(&mut self) {
        let replica = self.chance.below(REPLICAS);
        if self.chance.one_in(4) && self.hear(replica) {
            return;
        }
        if let Some(done) = self.tasks.poll(&mut self.chance) {
            self.done(done);
        }
    }

    /// Whether a replica hears of the head: in any order, and some of it is lost on the way.
    fn hear(&mut self, replica: usize) -> bool {
        let mut database = held(&self.database);
        let news = &mut database.news[replica];
        if news.is_empty() {
            return false;
        }
        let heard = news.swap_remove(self.chance.below(news.len()));
        drop(database);
        if !self.chance.one_in(8) {
            self.servers[replica].store.hear(heard);
        }
        true
    }

    /// Goes on until nothing moves any more.
    pub fn rest(&mut self) {
        for _ in 0..MOVES_MAX {
            let heard = held(&self.database).news.iter().all(Vec::is_empty);
            if heard && self.tasks.ready() == 0 {
                return;
            }
            self.go_on();
        }
        panic!("it does not come to rest");
    }

    /// Time passes in which streams are quiet.
    pub async fn quiet(&mut self) {
        tokio::time::advance(QUIET).await;
        tokio::task::yield_now().await;
        self.rest();
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Called(called) => self.called(*called),
            Done::Swept(swept) => self.swept(*swept),
            Done::Watched(watcher, next) => self.watched(watcher, next),
        }
    }
}
