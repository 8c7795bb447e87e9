//! Builds the commits that the service makes, by the same pure functions.

use chrono::{DateTime, Utc};
use second_opinion::case::{
    self, Actor, ActorKind, Case, ClockEvent, Context, Digest, Event, EventBody, NoticeReference,
    SealedEvent, SecondOpinion,
};
use second_opinion::notice::{self, LetterContext, NoticeSettings, SealedLetter, Settings};
use second_opinion::plan::Plan;
use second_opinion::rules::Policy;
use second_opinion::store::{
    CaseColumns, Commit, Committed, ReplayKey, Store, StoredNotice, encode_state,
};
use uuid::Uuid;

use super::sample;

/// Reminder thresholds, in percent of a clock's time.
pub const RUNGS: [u8; 3] = [50, 75, 90];

/// A change of one case at one instant.
pub struct Change<'a> {
    /// The case before the change; `None` for a new case.
    pub before: Option<&'a Case>,
    /// The case's id.
    pub id: Uuid,
    /// The instant.
    pub now: DateTime<Utc>,
    policy: Policy,
    plan: Plan,
    notices: NoticeSettings,
}

impl Change<'static> {
    pub fn new_case(now: DateTime<Utc>) -> Self {
        Self {
            before: None,
            id: Uuid::now_v7(),
            now,
            policy: Policy::default(),
            plan: Plan::default(),
            notices: NoticeSettings::default(),
        }
    }
}

impl<'a> Change<'a> {
    pub fn of(case: &'a Case, now: DateTime<Utc>) -> Self {
        Self {
            before: Some(case),
            id: case.id,
            now,
            policy: Policy::default(),
            plan: Plan::default(),
            notices: NoticeSettings::default(),
        }
    }

    fn context(&self) -> Context<'_> {
        Context {
            now: self.now,
            policy: &self.policy,
        }
    }

    fn case(&self) -> &'a Case {
        self.before.expect("a case")
    }

    pub fn submit(&self, request: SecondOpinion) -> Commit {
        self.commit(case::submit(request, &self.context()), Vec::new())
    }

    pub fn verify(&self) -> Commit {
        let body = case::verify(self.case(), sample::verify(), &self.context());
        self.commit(body.expect("allowed"), Vec::new())
    }

    pub fn withdraw(&self) -> Commit {
        let body = case::withdraw(self.case(), sample::withdraw(), &self.context());
        self.commit(body.expect("allowed"), Vec::new())
    }

    pub fn approve(&self) -> Commit {
        let person = actor().person().expect("a person");
        let approved = case::approve(self.case(), sample::approve(), &person, &self.context());
        let mut approved = approved.expect("allowed");
        let letters = notice::approval(&approved.approval, self.making()).expect("letters");
        approved.notices = references(&letters);
        self.commit(approved, letters)
    }

    pub fn deny(&self) -> Commit {
        let person = actor().person().expect("a person");
        let proposed = case::deny(self.case(), sample::deny(), &person, &self.context());
        let proposed = proposed.expect("allowed");
        let letters = notice::denial(proposed.denial(), self.making()).expect("letters");
        let mut references = references(&letters).into_iter();
        let to_member = references.next().expect("a letter to the member");
        let denied = proposed.issued(to_member, references.collect());
        self.commit(denied.expect("a denial's letter"), letters)
    }

    /// The reminder or overdue event that is due by now.
    pub fn sweep(&self) -> Commit {
        let mut event = self.case().sweep(self.now, &RUNGS).expect("owed by now");
        let mut letters = Vec::new();
        if let ClockEvent::Overdue(overdue) = &mut event {
            letters.extend(notice::lapse(self.case(), self.making()).expect("a way"));
            overdue.notices = references(&letters);
        }
        self.commit(event, letters)
    }

    fn making(&self) -> LetterContext<'_> {
        let settings = Settings {
            plan: &self.plan,
            notices: &self.notices,
        };
        let calendar = &self.policy.calendar;
        LetterContext::of(self.case(), Uuid::now_v7, self.now, settings, calendar)
    }

    fn commit(&self, body: impl Into<EventBody>, letters: Vec<SealedLetter>) -> Commit {
        let body = body.into();
        let expected_version = self.before.map_or(0, |case| case.version);
        let kind = body.kind();
        let edition = match (&body, self.before) {
            (EventBody::Submitted(submitted), None) => submitted.edition,
            (_, Some(case)) => case.current.edition,
            (_, None) => panic!("the first event must be a submission"),
        };
        let event = Event {
            version: expected_version + 1,
            occurred_at: self.now,
            actor: if kind.is_from_caller() {
                actor()
            } else {
                Actor::sweeper()
            },
            body,
        };
        let previous = self.before.map_or(Digest::ZERO, |case| case.head);
        let sealed = SealedEvent::seal(self.id, &event, edition, previous).expect("JSON");
        let case = match self.before {
            None => Case::opened(self.id, event, sealed.sha256),
            Some(case) => case.clone().after(&event, sealed.sha256),
        };
        let case = case.expect("the event applies to the case");
        Commit {
            expected_version,
            event: sealed,
            kind,
            columns: CaseColumns::of(&case, &RUNGS),
            snapshot: encode_state(&case.current).expect("bytes"),
            letters: letters
                .into_iter()
                .map(|letter| StoredNotice {
                    determination_id: self.id,
                    reference: letter.reference,
                    bytes: letter.bytes,
                })
                .collect(),
            replay: kind
                .is_from_caller()
                .then(|| key("sample-caller", Uuid::now_v7())),
        }
    }
}

pub fn actor() -> Actor {
    Actor {
        id: "https://issuer.example|sample-caller".to_owned(),
        kind: ActorKind::Person,
    }
}

fn references(letters: &[SealedLetter]) -> Vec<NoticeReference> {
    letters.iter().map(|made| made.reference.clone()).collect()
}

/// An idempotency record with the digest of the request id as its content.
pub fn key(caller: &str, request_id: Uuid) -> (ReplayKey, Digest) {
    let key = ReplayKey {
        caller: caller.to_owned(),
        request_id,
    };
    (key, Digest::of(request_id.as_bytes()))
}

/// Submits the `n`th member's request and reads the case back.
pub async fn submitted(store: &impl Store, n: u32, now: DateTime<Utc>) -> Case {
    let change = Change::new_case(now);
    made(store, change.submit(sample::request(n, now))).await;
    read(store, change.id).await
}

/// Commits a change, which must succeed.
pub async fn made(store: &impl Store, commit: Commit) -> Committed {
    store.commit(commit).await.expect("a commit")
}

/// Reads a case, which must exist.
pub async fn read(store: &impl Store, id: Uuid) -> Case {
    let case = store.case(id).await.expect("a store").expect("a case");
    Case::clone(&case)
}
