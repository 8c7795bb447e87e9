//! The service over a store, with its clock, its sweeper and the state of its callers.

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
use crate::known::{KnownCase, submission};
use crate::postgres::{Schema, TestStore};
use crate::requests::{Reply, Request};
use crate::service::{self, identity};
use crate::turns::{Action, CallerKind, EtagChoice, Turn};

pub struct World {
    pub store: Arc<dyn Store>,
    pub calls: Calls,
    /// The case and the etag of every acknowledged change, in order.
    pub acknowledged: Vec<(Uuid, String)>,
    /// How often each outcome occurred.
    pub outcomes: BTreeMap<&'static str, u32>,
    clock: Arc<ManualClock>,
    sweeper: Sweeper,
    cases: Vec<KnownCase>,
    sent: Vec<SentRequest>,
    _drain: watch::Sender<bool>,
    _folder: TempDir,
    _schema: Option<Schema>,
}

/// An acknowledged request, and the bytes of its response.
struct SentRequest {
    caller: CallerKind,
    request: Request,
    response: Vec<u8>,
}

impl World {
    pub async fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let TestStore { store, schema } = TestStore::fresh(folder.path()).await;
        let start: DateTime<Utc> = "2026-11-16T18:00:00Z".parse().expect("an instant");
        let clock = Arc::new(ManualClock::at(start));
        let (drain, draining) = watch::channel(false);
        let calls = service::calls(Arc::clone(&store), &clock, draining);
        Self {
            store,
            acknowledged: Vec::new(),
            outcomes: BTreeMap::new(),
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

    pub async fn play(&mut self, turn: Turn) {
        self.shift_clock(turn.clock_shift_us);
        let (caller, twice) = (turn.caller, turn.twice);
        match turn.action {
            Action::Sweep => self.sweep().await,
            Action::Submit(request, age_seconds) => {
                self.submit(caller, twice, *request, age_seconds).await;
            }
            Action::Change(case, etag, step) if !self.cases.is_empty() => {
                let case = case.index(self.cases.len());
                self.change(caller, twice, case, etag, &step).await;
            }
            Action::Repeat(sent, same) if !self.sent.is_empty() => {
                let sent = sent.index(self.sent.len());
                self.repeat(sent, same).await;
            }
            // There is no case yet.
            Action::Change(..) | Action::Repeat(..) => {}
        }
    }

    /// Runs the sweeper, and checks that no case is due for it afterwards.
    async fn sweep(&mut self) {
        let tally = self.sweeper.round().await.expect("a sweep");
        for (outcome, times) in [
            ("due soon", tally.due_soon),
            ("overdue", tally.overdue),
            ("letter about an untimely decision", tally.letters),
        ] {
            *self.outcomes.entry(outcome).or_default() += u32::try_from(times).expect("small");
        }
        let due = self.store.to_sweep(self.clock.now(), 9).await;
        assert!(due.expect("cases").is_empty());
        assert_eq!((tally.conflicts, tally.deferred), (0, 0));
    }

    /// Moves the clock, within the range of the calendar.
    fn shift_clock(&self, shift_us: i64) {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
        let now = self.clock.now() + TimeDelta::microseconds(shift_us);
        let now = now.clamp(at("2016-06-01T00:00:00Z"), at("2400-01-01T00:00:00Z"));
        self.clock.set(now);
    }

    fn count(&mut self, outcome: &'static str) {
        *self.outcomes.entry(outcome).or_default() += 1;
    }

    async fn submit(
        &mut self,
        caller: CallerKind,
        twice: bool,
        request: v1::SecondOpinion,
        age_seconds: Option<i64>,
    ) {
        let request = submission(request, age_seconds, self.clock.now());
        let reply = self.send(caller, twice, &request).await;
        let reply = reply.unwrap_or_else(|status| panic!("a submission: {status:?}"));
        self.count("submitted");
        self.cases.push(KnownCase::new(&reply.determination));
        self.acknowledge(self.cases.len() - 1, caller, request, reply);
    }

    async fn change(
        &mut self,
        caller: CallerKind,
        twice: bool,
        case: usize,
        etag: EtagChoice,
        step: &Step,
    ) {
        let request = self.cases[case].change(etag, step, self.clock.now());
        match self.send(caller, twice, &request).await {
            Ok(reply) => {
                assert_ne!(etag, EtagChoice::Stale, "a stale etag was accepted");
                self.count(match &request {
                    Request::Approve(_) => "approved",
                    Request::Deny(_) => "denied",
                    Request::Withdraw(_) => "withdrawn",
                    _ => "changed",
                });
                self.acknowledge(case, caller, request, reply);
            }
            Err(status) => {
                self.count(match status.code() {
                    Code::Aborted => "stale etag",
                    Code::PermissionDenied => "permission denied",
                    _ => "rejected",
                });
                let aborted = status.code() == Code::Aborted;
                assert!(!aborted || etag == EtagChoice::Stale, "{status:?}");
            }
        }
    }

    /// Sends a request once, or twice concurrently with the same result.
    async fn send(
        &mut self,
        caller: CallerKind,
        twice: bool,
        request: &Request,
    ) -> Result<Reply, Status> {
        let first = request.send(&self.calls, identity(caller));
        let reply = if twice {
            let second = request.send(&self.calls, identity(caller));
            let (first, second) = tokio::join!(first, second);
            match (&first, &second) {
                (Ok(first), Ok(second)) => assert_eq!(first.bytes, second.bytes),
                (Err(first), Err(second)) => assert_eq!(first.code(), second.code()),
                (Ok(_), Err(status)) | (Err(status), Ok(_)) => {
                    panic!("different results of one request: {status:?}")
                }
            }
            self.count("sent twice concurrently");
            first
        } else {
            first.await
        };
        reply.inspect_err(|status| {
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

    fn acknowledge(&mut self, case: usize, caller: CallerKind, request: Request, reply: Reply) {
        let Reply {
            determination,
            bytes,
        } = reply;
        let id = determination.determination_id.parse().expect("a UUID");
        self.acknowledged.push((id, determination.etag.clone()));
        self.cases[case].update(determination);
        self.sent.push(SentRequest {
            caller,
            request,
            response: bytes,
        });
    }

    /// Repeats a request: the same content gets the first response, byte for byte, and other content `ALREADY_EXISTS`.
    async fn repeat(&mut self, index: usize, same: bool) {
        let sent = &self.sent[index];
        let caller = identity(sent.caller);
        if same {
            let reply = sent.request.send(&self.calls, caller).await;
            let reply = reply.unwrap_or_else(|status| {
                panic!(
                    "{:?} again, at {}: {status:?}",
                    sent.request,
                    self.clock.now()
                )
            });
            assert_eq!(reply.bytes, sent.response, "the first response");
            self.count("replayed");
        } else {
            let request = sent.request.with_other_content();
            let result = request.send(&self.calls, caller).await;
            let status = result.err().expect("an error");
            assert_eq!(status.code(), Code::AlreadyExists, "{status:?}");
            self.count("request id reused");
        }
    }
}
