//! The service over a store, and what its callers know.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use second_opinion::clock::{Clock as _, ManualClock};
use second_opinion::rpc::Calls;
use second_opinion::store::Store;
use second_opinion::sweeper::Sweeper;
use second_opinion::wire::v1;
use tempfile::TempDir;
use tokio::sync::watch;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::commands::Step;
use crate::known::{Known, submission};
use crate::postgres::{Place, Schema};
use crate::requests::{Answer, Request};
use crate::service::{self, identity};
use crate::turns::{Deed, Etag, Turn, Who};

pub struct World {
    pub store: Arc<dyn Store>,
    pub calls: Calls,
    /// The case and the etag of every change that was acknowledged, in order.
    pub acknowledged: Vec<(Uuid, String)>,
    /// As often as each kind of thing happened.
    pub reached: BTreeMap<&'static str, u32>,
    clock: Arc<ManualClock>,
    sweeper: Sweeper,
    cases: Vec<Known>,
    sent: Vec<Sent>,
    _drain: watch::Sender<bool>,
    _folder: TempDir,
    _schema: Option<Schema>,
}

/// A request that was acknowledged, and the bytes of its answer.
struct Sent {
    who: Who,
    request: Request,
    answer: Vec<u8>,
}

impl World {
    pub async fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let Place { store, schema } = Place::fresh(folder.path()).await;
        let start: DateTime<Utc> = "2026-11-16T18:00:00Z".parse().expect("an instant");
        let clock = Arc::new(ManualClock::at(start));
        let (drain, draining) = watch::channel(false);
        let calls = service::calls(Arc::clone(&store), &clock, draining);
        Self {
            store,
            acknowledged: Vec::new(),
            reached: BTreeMap::new(),
            sweeper: service::sweeper(&calls),
            calls,
            clock,
            cases: Vec::new(),
            sent: Vec::new(),
            _drain: drain,
            _folder: folder,
            _schema: schema,
        }
    }

    pub async fn take(&mut self, turn: Turn) {
        self.leap(turn.leap_us);
        match turn.deed {
            Deed::Sweep => self.sweep().await,
            Deed::Submit(request, ago) => self.submit(turn.who, turn.twice, *request, ago).await,
            Deed::Change(case, etag, step) if !self.cases.is_empty() => {
                let case = case.index(self.cases.len());
                self.change(turn.who, turn.twice, case, etag, &step).await;
            }
            Deed::Repeat(which, same) if !self.sent.is_empty() => {
                let which = which.index(self.sent.len());
                self.repeat(which, same).await;
            }
            // There is nothing yet to do it to.
            Deed::Change(..) | Deed::Repeat(..) => {}
        }
    }

    /// After it has come by, no case is owed anything.
    async fn sweep(&mut self) {
        let tally = self.sweeper.round().await.expect("swept");
        for (what, times) in [
            ("told due soon", tally.due_soon),
            ("told overdue", tally.overdue),
            ("told with a letter", tally.letters),
        ] {
            *self.reached.entry(what).or_default() += u32::try_from(times).expect("small");
        }
        let owed = self.store.to_sweep(self.clock.now(), 9).await;
        assert!(owed.expect("read").is_empty());
        assert_eq!((tally.conflicts, tally.deferred), (0, 0));
    }

    /// Moves the clock, within the centuries that the calendar is for.
    fn leap(&self, leap_us: i64) {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
        let there = self.clock.now() + TimeDelta::microseconds(leap_us);
        let there = there.clamp(at("2016-06-01T00:00:00Z"), at("2400-01-01T00:00:00Z"));
        self.clock.set(there);
    }

    fn count(&mut self, what: &'static str) {
        *self.reached.entry(what).or_default() += 1;
    }

    async fn submit(
        &mut self,
        who: Who,
        twice: bool,
        request: v1::SecondOpinion,
        ago: Option<i64>,
    ) {
        let request = submission(request, ago, self.clock.now());
        let answer = self.send(who, twice, &request).await;
        let answer = answer.unwrap_or_else(|status| panic!("a submission: {status:?}"));
        self.count("submitted");
        self.cases.push(Known::of(&answer.determination));
        self.acknowledge(self.cases.len() - 1, who, request, answer);
    }

    async fn change(&mut self, who: Who, twice: bool, case: usize, etag: Etag, step: &Step) {
        let request = self.cases[case].change(etag, step, self.clock.now());
        match self.send(who, twice, &request).await {
            Ok(answer) => {
                assert_ne!(etag, Etag::Stale, "a stale etag is told");
                self.count(match &request {
                    Request::Approve(_) => "approved",
                    Request::Deny(_) => "denied",
                    Request::Withdraw(_) => "withdrawn",
                    _ => "changed",
                });
                self.acknowledge(case, who, request, answer);
            }
            Err(status) => {
                self.count(match status.code() {
                    Code::Aborted => "stale",
                    Code::PermissionDenied => "not permitted",
                    _ => "refused",
                });
                let told_stale = status.code() == Code::Aborted;
                assert!(!told_stale || etag == Etag::Stale, "{status:?}");
            }
        }
    }

    /// Sends a request; twice at once, it has one outcome.
    async fn send(&mut self, who: Who, twice: bool, request: &Request) -> Result<Answer, Status> {
        let first = request.send(&self.calls, identity(who));
        let answer = if twice {
            let second = request.send(&self.calls, identity(who));
            let (first, second) = tokio::join!(first, second);
            match (&first, &second) {
                (Ok(first), Ok(second)) => assert_eq!(first.bytes, second.bytes),
                (Err(first), Err(second)) => assert_eq!(first.code(), second.code()),
                (Ok(_), Err(status)) | (Err(status), Ok(_)) => {
                    panic!("two outcomes of one request: {status:?}")
                }
            }
            self.count("sent twice at once");
            first
        } else {
            first.await
        };
        answer.inspect_err(|status| {
            let expected = [
                Code::InvalidArgument,
                Code::PermissionDenied,
                Code::NotFound,
                Code::Aborted,
                Code::FailedPrecondition,
            ];
            assert!(expected.contains(&status.code()), "{status:?}");
        })
    }

    fn acknowledge(&mut self, case: usize, who: Who, request: Request, answer: Answer) {
        let Answer {
            determination,
            bytes,
        } = answer;
        let id = determination.determination_id.parse().expect("a UUID");
        self.acknowledged.push((id, determination.etag.clone()));
        self.cases[case].learn(determination);
        self.sent.push(Sent {
            who,
            request,
            answer: bytes,
        });
    }

    /// The first answer comes again, byte for byte; other content under the same id is told.
    async fn repeat(&mut self, which: usize, same: bool) {
        let sent = &self.sent[which];
        let who = identity(sent.who);
        if same {
            let answer = sent.request.send(&self.calls, who).await;
            let answer = answer.unwrap_or_else(|status| {
                panic!(
                    "{:?} again, at {}: {status:?}",
                    sent.request,
                    self.clock.now()
                )
            });
            assert_eq!(answer.bytes, sent.answer, "the first answer");
            self.count("repeated");
        } else {
            let refused = sent.request.otherwise().send(&self.calls, who).await;
            let refused = refused.err().expect("other content");
            assert_eq!(refused.code(), Code::AlreadyExists, "{refused:?}");
            self.count("repeated otherwise");
        }
    }
}
