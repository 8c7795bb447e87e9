//! The desk itself: commands go in, events come out and are sealed and folded as a store would.

use chrono::{DateTime, Utc};
use second_opinion::case::{
    Actor, ActorKind, Approve, Case, Channel, Clock, ClockEvent, Context, Deny, Digest, Event,
    EventBody, Expedite, Notification, Notify, Person, Private, Recipient, Refusal, Requester,
    SealedEvent, SecondOpinion, State, Timeliness, UrgencyClaim, Verify, Withdraw, approve, deny,
    expedite, notify, submit, verify, withdraw,
};
use second_opinion::rules::{ClockKind, Policy};
use uuid::Uuid;

use super::post::{Post, submission};
use super::{available, network, not_available};

/// The shares of a clock's time that are told, in percent.
pub const RUNGS: [u8; 3] = [50, 75, 90];

/// A case, what was done to it, and what time it is.
pub struct Desk {
    pub policy: Policy,
    pub post: Post,
    pub now: DateTime<Utc>,
    pub case: Case,
    pub events: Vec<Event>,
    pub sealed: Vec<SealedEvent>,
}

impl Desk {
    pub fn submitted(request: SecondOpinion) -> Self {
        Self::submitted_under(request, Policy::default())
    }

    pub fn submitted_under(request: SecondOpinion, policy: Policy) -> Self {
        let now = request.received_at;
        Self::of(request, policy, now)
    }

    /// A request that is taken in at another instant than that of its receipt.
    pub fn submitted_at(request: SecondOpinion, now: DateTime<Utc>) -> Self {
        Self::of(request, Policy::default(), now)
    }

    fn of(request: SecondOpinion, policy: Policy, now: DateTime<Utc>) -> Self {
        let context = Context {
            now,
            policy: &policy,
        };
        let mut submitted = submit(request, &context);
        let edition = submitted.edition;
        let id = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
        let post = Post::default();
        submitted.notices = submission(&post, id, &submitted, now, &policy.calendar);
        let event = Event {
            version: 1,
            occurred_at: now,
            actor: service(),
            body: submitted.into(),
        };
        let sealed =
            SealedEvent::seal(id, &event, edition, Digest::ZERO).expect("an event can be sealed");
        let case =
            Case::opened(id, event.clone(), sealed.sha256).expect("a submission opens a case");
        Self {
            policy,
            post,
            now,
            case,
            events: vec![event],
            sealed: vec![sealed],
        }
    }

    /// Moves the hands of the clock.
    pub fn at(&mut self, now: DateTime<Utc>) -> &mut Self {
        self.now = now;
        self
    }

    pub fn commit(&mut self, body: impl Into<EventBody>, actor: Actor) {
        let event = Event {
            version: self.case.version + 1,
            occurred_at: self.now,
            actor,
            body: body.into(),
        };
        let sealed = SealedEvent::seal(
            self.case.id,
            &event,
            self.case.current.edition,
            self.case.head,
        )
        .expect("an event can be sealed");
        self.case = self
            .case
            .clone()
            .after(&event, sealed.sha256)
            .expect("a judged event follows");
        self.events.push(event);
        self.sealed.push(sealed);
    }

    fn context(&self) -> Context<'_> {
        Context {
            now: self.now,
            policy: &self.policy,
        }
    }

    pub fn verify(&mut self, command: Verify) -> Result<(), Refusal> {
        let mut verified = verify(&self.case, command, &self.context())?;
        verified.notices = self.letters_of_facts(&verified);
        self.commit(verified, service());
        Ok(())
    }

    pub fn expedite(
        &mut self,
        received_at: DateTime<Utc>,
        claim: UrgencyClaim,
    ) -> Result<(), Refusal> {
        let body = expedite(&self.case, Expedite { claim, received_at }, &self.context())?;
        self.commit(body, service());
        Ok(())
    }

    pub fn withdraw(&mut self, withdrawn_by: Requester) -> Result<(), Refusal> {
        let command = Withdraw {
            withdrawn_by,
            reason: Private::default(),
        };
        let body = withdraw(&self.case, command, &self.context())?;
        self.commit(body, service());
        Ok(())
    }

    pub fn approve(&mut self, command: Approve) -> Result<(), Refusal> {
        let mut approved = approve(&self.case, command, &person(), &self.context())?;
        approved.notices = self.letters_of_approval(&approved.approval);
        self.commit(approved, reviewer_actor());
        Ok(())
    }

    pub fn deny(&mut self, command: Deny) -> Result<(), Refusal> {
        let judged = deny(&self.case, command, &person(), &self.context())?;
        let (to_member, copies) = self.letters_of_denial(judged.denial());
        let body = judged.issued(to_member, copies).expect("a denial's letter");
        self.commit(body, reviewer_actor());
        Ok(())
    }

    pub fn notify(
        &mut self,
        recipient: Recipient,
        channel: Channel,
        notice_id: Option<Uuid>,
        notified_at: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        let command = Notify {
            notification: Notification {
                recipient,
                channel,
                notice_id,
                notified_at,
            },
        };
        let body = notify(&self.case, command, &self.context())?;
        self.commit(body, service());
        Ok(())
    }

    /// Everything that the case is owed now is told, one event at a time.
    pub fn sweep(&mut self) {
        while let Some(mut event) = self.case.sweep(self.now, &RUNGS) {
            if let ClockEvent::Overdue(overdue) = &mut event {
                overdue.notices = self.letter_of_lapse().into_iter().collect();
            }
            self.commit(event, Actor::sweeper());
        }
    }

    pub fn state(&self) -> State {
        self.case.current.state
    }

    pub fn clock(&self, kind: ClockKind) -> Option<&Clock> {
        self.case
            .current
            .clocks
            .iter()
            .find(|clock| clock.kind == kind)
    }

    pub fn due(&self, kind: ClockKind) -> DateTime<Utc> {
        self.clock(kind).expect("the clock was started").due_at()
    }

    /// How a clock stands now; `None`: there is none of this kind.
    pub fn timeliness(&self, kind: ClockKind) -> Option<Timeliness> {
        self.clock(kind).map(|clock| clock.timeliness(self.now))
    }

    /// The letter made last.
    pub fn notice_id(&self) -> Option<Uuid> {
        self.case
            .current
            .notices
            .last()
            .map(|notice| notice.notice_id)
    }

    pub fn network_access(&mut self) {
        self.verify(network(available())).expect("the case is open");
        assert_eq!(self.state(), State::NoAuthorizationRequired);
    }

    pub fn prior_authorization(&mut self) {
        self.verify(network(not_available()))
            .expect("the case is open");
        assert_eq!(self.state(), State::PendingReview);
    }
}

/// The clauses of a refusal by rules, each once, in order; `STATE` and `INVALID` of the others.
pub fn refused_by(result: Result<(), Refusal>) -> Vec<String> {
    match result {
        Ok(()) => Vec::new(),
        Err(Refusal::State { .. }) => vec!["STATE".to_owned()],
        Err(Refusal::Rules { violations }) => violations
            .iter()
            .map(|violation| violation.clause.id().to_owned())
            .collect(),
        Err(Refusal::Invalid { violations }) => violations
            .iter()
            .map(|violation| format!("INVALID {}", violation.field))
            .collect(),
        Err(Refusal::NoticeUnknown(_)) => vec!["NOT_FOUND".to_owned()],
        Err(Refusal::Full(_)) => vec!["FULL".to_owned()],
    }
}

pub fn service() -> Actor {
    Actor {
        id: "https://issuer.example|raf".to_owned(),
        kind: ActorKind::Service,
    }
}

pub fn reviewer_actor() -> Actor {
    Actor {
        id: "https://issuer.example|reviewer".to_owned(),
        kind: ActorKind::Person,
    }
}

pub fn person() -> Person {
    reviewer_actor().person().expect("a person's token")
}
