//! The service over a store, and what its callers know.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use chrono::{DateTime, TimeDelta, Utc};
use second_opinion::clock::{Clock as _, ManualClock};
use second_opinion::identity::{ActorType, Identity, ScopeSet};
use second_opinion::notice::{NoticeSettings, Templates};
use second_opinion::plan::Plan;
use second_opinion::press::Press;
use second_opinion::rpc::Calls;
use second_opinion::rules::Policy;
use second_opinion::store::Store;
use second_opinion::sweeper::{Sweeper, Teller};
use second_opinion::wire::render::timestamp;
use second_opinion::wire::v1;
use tempfile::TempDir;
use tokio::sync::watch;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::commands::{Command, Step};
use crate::postgres::{Place, Schema};
use crate::requests::{Answer, Request};
use crate::turns::{Deed, Etag, Turn, Who};

/// The shares of a clock's time that are told.
const RUNGS: [u8; 3] = [50, 75, 90];

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

/// What callers know of a case.
struct Known {
    id: String,
    etags: Vec<String>,
    letter: Option<String>,
}

/// A request that was acknowledged, and the bytes of its answer.
struct Sent {
    who: Who,
    request: Request,
    answer: Vec<u8>,
}

pub fn identity(who: Who) -> Arc<Identity> {
    let mut scopes = "second-opinion.submit second-opinion.read second-opinion.read-phi \
        second-opinion.verify second-opinion.notify"
        .to_owned();
    let (subject, actor_type) = match who {
        Who::Reviewer => ("reviewer", ActorType::Person),
        Who::Clerk => ("clerk", ActorType::Person),
        Who::Service => ("referrals", ActorType::Service),
    };
    if who != Who::Clerk {
        scopes.push_str(" second-opinion.review");
    }
    Arc::new(Identity {
        issuer: Some("https://issuer.example".to_owned()),
        subject: subject.to_owned(),
        actor_type,
        scopes: ScopeSet::parse(&scopes),
    })
}

/// Read once: they are the same in every world.
static TEMPLATES: LazyLock<Arc<Templates>> =
    LazyLock::new(|| Arc::new(Templates::with_none_replaced().expect("the shipped ones")));

impl World {
    pub async fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let Place { store, schema } = Place::fresh(folder.path()).await;
        let start: DateTime<Utc> = "2026-11-16T18:00:00Z".parse().expect("an instant");
        let clock = Arc::new(ManualClock::at(start));
        let (drain, draining) = watch::channel(false);
        let calls = Calls {
            store: Arc::clone(&store),
            policy: Policy::default(),
            plan: Plan::default(),
            notices: NoticeSettings::default(),
            press: Press::new(Arc::clone(&TEMPLATES)).expect("threads"),
            rungs: RUNGS.to_vec(),
            clock: Arc::clone(&clock) as _,
            draining,
            meters: Arc::default(),
        };
        Self {
            store,
            acknowledged: Vec::new(),
            reached: BTreeMap::new(),
            sweeper: Sweeper::new(Teller {
                store: Arc::clone(&calls.store),
                clock: Arc::clone(&clock) as _,
                calendar: calls.policy.calendar.clone(),
                plan: calls.plan.clone(),
                notices: calls.notices.clone(),
                rungs: RUNGS.to_vec(),
            }),
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
        assert_eq!((tally.outrun, tally.set_aside), (0, 0));
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

    fn said(&self, ago: Option<i64>) -> Option<prost_types::Timestamp> {
        ago.map(|ago| timestamp(self.clock.now() - TimeDelta::seconds(ago)))
    }

    async fn submit(
        &mut self,
        who: Who,
        twice: bool,
        request: v1::SecondOpinion,
        ago: Option<i64>,
    ) {
        let received_at = self.said(ago);
        let request = Request::Submit(Box::new(v1::SubmitSecondOpinionRequest {
            request_id: Uuid::now_v7().to_string(),
            second_opinion: Some(v1::SecondOpinion {
                received_at,
                ..request
            }),
        }));
        let answer = self.send(who, twice, &request).await;
        let answer = answer.unwrap_or_else(|status| panic!("a submission: {status:?}"));
        self.count("submitted");
        self.cases.push(Known {
            id: answer.determination.determination_id.clone(),
            etags: Vec::new(),
            letter: None,
        });
        self.acknowledge(self.cases.len() - 1, who, request, answer);
    }

    async fn change(&mut self, who: Who, twice: bool, case: usize, etag: Etag, step: &Step) {
        let known = &self.cases[case];
        let present = known.etags.last().expect("an etag").clone();
        let stale = known.etags.iter().rev().nth(1).cloned();
        let stale = stale.unwrap_or_else(|| "0123456789abcdef".to_owned());
        let mut request = self.request(case, step);
        request.request_id().clone_from(&Uuid::now_v7().to_string());
        let shown = match etag {
            Etag::Left => "",
            Etag::Present => &present,
            Etag::Stale => &stale,
        };
        request.about(&self.cases[case].id, shown);
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

    fn request(&self, case: usize, step: &Step) -> Request {
        match &step.command {
            Command::Verify(message) => Request::Verify(message.clone()),
            Command::Expedite(message) => {
                let mut message = Box::new(message.clone());
                message.received_at = self.said(step.ago);
                Request::Expedite(message)
            }
            Command::Withdraw(message) => Request::Withdraw(Box::new(message.clone())),
            Command::Approve(message) => Request::Approve(message.clone()),
            Command::Deny(message) => Request::Deny(message.clone()),
            Command::Notify(message, letter) => {
                let mut message = Box::new(message.clone());
                let told = message.notification.get_or_insert_default();
                told.notified_at = self.said(step.ago);
                if let Some(id) = self.cases[case].letter.clone().filter(|_| *letter) {
                    told.notice_id = id;
                }
                Request::Notify(message)
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
        let known = &mut self.cases[case];
        assert_eq!(known.id, determination.determination_id);
        known.etags.push(determination.etag);
        let last = determination.notices.into_iter().next_back();
        known.letter = last.map(|notice| notice.notice_id).or(known.letter.take());
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
