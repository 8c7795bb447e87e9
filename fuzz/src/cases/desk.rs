//! What becomes of a case on the way? Commands go in, events come out and are sealed and folded as a store would.

use std::cell::Cell;

use arbitrary::Unstructured;
use chrono::{DateTime, TimeDelta, Utc};
use second_opinion::case::{
    Actor, ActorKind, Case, ClockEvent, Context, Decision, Digest, Event, EventBody, EventKind,
    NoticeKind, Person, Refusal, SealedEvent, SecondOpinion, State, approve, deny, expedite,
    notify, submit, verify, withdraw,
};
use second_opinion::notice::{
    self, Form, Made, Making, NoticeError, NoticeSettings, Rendition, Settings, Templates,
};
use second_opinion::store::{LogEntry, Record, decode_state, encode_state, fold};
use second_opinion::wire::{parse, render, v1};
use uuid::Uuid;

use super::super::request::is_json;
use super::super::support::{PLAN, POLICY, below, calendar, now, shown};
use super::super::{examples, page};
use super::message;

const ID: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
const RUNGS: [u8; 3] = [50, 75, 90];

/// A case with everything that a store would hold of it.
pub struct Desk {
    pub case: Case,
    pub records: Vec<Record>,
    pub entries: Vec<LogEntry>,
    pub letters: Vec<Made>,
    events: Vec<Event>,
    pub now: DateTime<Utc>,
    settings: NoticeSettings,
}

impl Desk {
    /// A case as a message submits it; `None`: the submission is refused.
    pub fn open(message: v1::SubmitSecondOpinionRequest) -> Option<Self> {
        LETTERS.set(0);
        let now = now();
        let command = parse::submit(message, now, calendar());
        let request = command.ok()?.command;
        let context = Context {
            now,
            policy: &POLICY,
        };
        let mut submitted = submit(request, &context);
        let settings = NoticeSettings::default();
        let making = making(&submitted.request, submitted.edition, now, &settings);
        let letters = notice::submission(&submitted, making).expect("the plan can be reached");
        submitted.notices = references(&letters);
        let edition = submitted.edition;
        let event = Event {
            version: 1,
            occurred_at: now,
            actor: actor(ActorKind::Service),
            body: submitted.into(),
        };
        let sealed = SealedEvent::seal(ID, &event, edition, Digest::ZERO).expect("sealed");
        let case = Case::opened(ID, event.clone(), sealed.sha256).expect("a case");
        let mut desk = Self {
            case,
            records: Vec::new(),
            entries: Vec::new(),
            letters,
            events: Vec::new(),
            now,
            settings,
        };
        desk.keep(event, sealed);
        Some(desk)
    }

    /// A case that runs out of time undecided and is denied then, from the examples.
    pub fn sample() -> Self {
        let mut desk = Self::open(examples::read("network-has-a-qualified-one")).expect("taken");
        let claim = examples::read("expedite");
        desk.expedite(&claim).expect("it is open");
        desk.now += TimeDelta::days(30);
        desk.sweep();
        let denial = examples::read("denial-qualified-network-provider-available");
        desk.deny(&denial).expect("the facts bear it out");
        let notification = examples::read("notification-by-mail");
        desk.notify(&notification, None).expect("someone is told");
        desk.check(0);
        desk
    }

    fn keep(&mut self, event: Event, sealed: SealedEvent) {
        let position = self.records.len() as u64 + 1;
        let current = &self.case.current;
        self.entries.push(LogEntry {
            position,
            determination_id: ID,
            version: event.version,
            kind: event.body.kind(),
            state: current.state,
            urgency: current.assessment.urgency,
            due_at: current.due_at(),
            occurred_at: event.occurred_at,
            referral_number: current.request.referral_number.clone(),
            treatment_authorization_number: current.request.treatment_authorization_number.clone(),
        });
        self.records.push(Record {
            position,
            determination_id: ID,
            version: event.version,
            bytes: sealed.bytes,
            sha256: sealed.sha256,
        });
        self.events.push(event);
    }

    fn commit(&mut self, body: impl Into<EventBody>, letters: Vec<Made>, kind: ActorKind) {
        let event = Event {
            version: self.case.version + 1,
            occurred_at: self.now,
            actor: actor(kind),
            body: body.into(),
        };
        let edition = self.case.current.edition;
        let sealed = SealedEvent::seal(ID, &event, edition, self.case.head).expect("sealed");
        let next = self.case.clone().after(&event, sealed.sha256);
        self.case = next.expect("what was judged follows");
        self.letters.extend(letters);
        self.keep(event, sealed);
    }

    fn making(&self) -> Making<'_> {
        let current = &self.case.current;
        making(&current.request, current.edition, self.now, &self.settings)
    }

    /// One message, or that time has gone.
    pub fn step(&mut self, bytes: &mut Unstructured<'_>) {
        let refused = match below(bytes, 8) {
            0 => self.verify(&message(bytes, "RecordVerificationRequest")),
            1 => self.expedite(&message(bytes, "ExpediteSecondOpinionRequest")),
            2 => self.approve(&message(bytes, "IssueApprovalRequest")),
            3 => self.deny(&message(bytes, "IssueDenialRequest")),
            4 => {
                let message = message(bytes, "RecordNotificationRequest");
                let letter = self.letter(bytes);
                self.notify(&message, letter)
            }
            5 => self.withdraw(&message(bytes, "WithdrawSecondOpinionRequest")),
            _ => {
                self.sweep();
                Ok(())
            }
        };
        match refused {
            Err(Refusal::Rules { violations }) => assert!(!violations.is_empty()),
            Err(Refusal::Invalid { violations }) => assert!(!violations.is_empty()),
            Err(Refusal::State { message, .. }) => assert!(!message.is_empty()),
            Err(Refusal::NoticeUnknown(_) | Refusal::Full(_)) | Ok(()) => {}
        }
    }

    fn verify(&mut self, message: &v1::RecordVerificationRequest) -> Result<(), Refusal> {
        let Ok(change) = parse::record_verification(message) else {
            return Ok(());
        };
        let mut verified = verify(&self.case, change.command, &self.context())?;
        let letters = notice::verification(self.case.current.state, &verified, self.making());
        let letters = letters.expect("the plan can be reached");
        verified.notices = references(&letters);
        self.commit(verified, letters, ActorKind::Service);
        Ok(())
    }

    fn expedite(&mut self, message: &v1::ExpediteSecondOpinionRequest) -> Result<(), Refusal> {
        let Ok(change) = parse::expedite(message, self.now) else {
            return Ok(());
        };
        let due = self.case.current.due_at();
        let body = expedite(&self.case, change.command, &self.context())?;
        self.commit(body, Vec::new(), ActorKind::Service);
        let now_due = self.case.current.due_at();
        assert!(now_due <= due || due.is_none(), "later than before");
        Ok(())
    }

    fn approve(&mut self, message: &v1::IssueApprovalRequest) -> Result<(), Refusal> {
        let Ok(change) = parse::issue_approval(message, self.now) else {
            return Ok(());
        };
        let mut approved = approve(&self.case, change.command, &person(), &self.context())?;
        let letters = notice::approval(&approved.approval, self.making());
        let letters = letters.expect("the plan can be reached");
        approved.notices = references(&letters);
        self.commit(approved, letters, ActorKind::Person);
        Ok(())
    }

    fn deny(&mut self, message: &v1::IssueDenialRequest) -> Result<(), Refusal> {
        let Ok(change) = parse::issue_denial(message) else {
            return Ok(());
        };
        let proposed = deny(&self.case, change.command, &person(), &self.context())?;
        let letters = match notice::denial(proposed.denial(), self.making()) {
            Ok(letters) => letters,
            Err(NoticeError::Untranslated { reasons, .. }) => {
                assert!(!reasons.is_empty());
                return Ok(());
            }
            Err(other) => panic!("{other}"),
        };
        let mut named = references(&letters).into_iter();
        let to_member = named.next().expect("a letter to the member");
        let denied = proposed.issued(to_member, named.collect());
        self.commit(
            denied.expect("a denial's letter"),
            letters,
            ActorKind::Person,
        );
        Ok(())
    }

    /// One of the case's letters, mostly; `None`: none of them is chosen.
    fn letter(&self, bytes: &mut Unstructured<'_>) -> Option<Uuid> {
        let held = &self.case.current.notices;
        let chosen = held.get(below(bytes, held.len() + 1))?;
        Some(chosen.notice_id)
    }

    /// `letter`: which of the case's letters is told of, in place of the one that the message names.
    fn notify(
        &mut self,
        message: &v1::RecordNotificationRequest,
        letter: Option<Uuid>,
    ) -> Result<(), Refusal> {
        let Ok(mut change) = parse::record_notification(message, self.now) else {
            return Ok(());
        };
        let notification = &mut change.command.notification;
        notification.notice_id = letter.or(notification.notice_id);
        let body = notify(&self.case, change.command, &self.context())?;
        self.commit(body, Vec::new(), ActorKind::Service);
        Ok(())
    }

    fn withdraw(&mut self, message: &v1::WithdrawSecondOpinionRequest) -> Result<(), Refusal> {
        let Ok(change) = parse::withdraw(message) else {
            return Ok(());
        };
        let body = withdraw(&self.case, change.command, &self.context())?;
        self.commit(body, Vec::new(), ActorKind::Service);
        Ok(())
    }

    /// Everything that the case is owed now is told, one event at a time.
    fn sweep(&mut self) {
        while let Some(mut event) = self.case.sweep(self.now, &RUNGS) {
            let mut letters: Vec<Made> = Vec::new();
            if let ClockEvent::Overdue(overdue) = &mut event {
                let letter = notice::lapse(&self.case, self.making());
                letters.extend(letter.expect("the plan can be reached"));
                overdue.notices = references(&letters);
            }
            self.commit(event, letters, ActorKind::Service);
        }
        assert!(self.case.next_sweep(&RUNGS).is_none_or(|at| at > self.now));
    }

    fn context(&self) -> Context<'static> {
        Context {
            now: self.now,
            policy: &POLICY,
        }
    }

    /// What is so of a case after each of its events; its first letters were looked at before.
    pub fn check(&self, seen: usize) {
        let (case, current) = (&self.case, &self.case.current);
        let folded = fold(ID, &self.records).expect("sound events fold");
        assert_eq!(&folded, case, "not what its events fold to");
        let snapshot = encode_state(current).expect("a state can be written");
        assert_eq!(decode_state(&snapshot).as_ref(), Some(current));
        for limit in current.clocks.iter().flat_map(|clock| &clock.limits) {
            assert!(
                limit.due_at > current.request.received_at,
                "due before receipt"
            );
        }
        if let Some(at) = case.next_sweep(&RUNGS) {
            assert!(
                case.sweep(at, &RUNGS).is_some(),
                "nothing is owed after all"
            );
        }
        self.check_decision();

        let full = render::full(case, &self.events, shown(self.now));
        is_json(&full, "Determination");
        let again = parse::second_opinion(full.second_opinion, self.now, calendar());
        assert_eq!(again.as_ref(), Ok(&current.request), "not what is shown");

        let named: Vec<&NoticeKind> = current.notices.iter().map(|notice| &notice.kind).collect();
        let made: Vec<NoticeKind> = self
            .letters
            .iter()
            .map(|it| it.letter.content.kind())
            .collect();
        assert_eq!(named, made.iter().collect::<Vec<_>>(), "its letters");
        self.letters[seen..].iter().for_each(check_letter);
    }

    /// Whoever is denied has it in writing, from a person.
    fn check_decision(&self) {
        let current = &self.case.current;
        let denied = matches!(current.decision, Some(Decision::Denied(_)));
        assert_eq!(denied, current.state == State::Denied);
        let in_writing = |kind| current.notices.iter().any(|notice| notice.kind == kind);
        assert_eq!(denied, in_writing(NoticeKind::Denial));
        for event in &self.events {
            let decides = matches!(event.body.kind(), EventKind::Denied | EventKind::Approved);
            assert!(
                !decides || event.actor.person().is_some(),
                "no person decided"
            );
        }
    }
}

fn check_letter(made: &Made) {
    assert_eq!(Digest::of(&made.bytes), made.reference.sha256);
    let letter = notice::read(&made.bytes).expect("a letter can be read");
    assert_eq!(letter, made.letter);
    for rendition in Rendition::all(&letter) {
        if rendition.form == Form::Pdf {
            continue;
        }
        let bytes = rendition.render(Templates::shipped(), &letter);
        let page = String::from_utf8(bytes.expect("a form")).expect("UTF-8");
        if rendition.form == Form::Html {
            page::check(&page);
        }
    }
}

fn making<'a>(
    request: &'a SecondOpinion,
    edition: chrono::NaiveDate,
    now: DateTime<Utc>,
    notices: &'a NoticeSettings,
) -> Making<'a> {
    Making {
        new_id: next_id,
        determination_id: ID,
        request,
        edition,
        now,
        settings: Settings {
            plan: &PLAN,
            notices,
        },
        calendar: calendar(),
    }
}

thread_local! {
    /// As many letters as a case has: their ids follow from it, so that a run is the same each time.
    static LETTERS: Cell<u128> = const { Cell::new(0) };
}

fn next_id() -> Uuid {
    LETTERS.set(LETTERS.get() + 1);
    Uuid::from_u128(ID.as_u128() + LETTERS.get())
}

fn references(letters: &[Made]) -> Vec<second_opinion::case::NoticeReference> {
    letters.iter().map(|made| made.reference.clone()).collect()
}

fn actor(kind: ActorKind) -> Actor {
    Actor {
        id: "issuer|fuzz".to_owned(),
        kind,
    }
}

fn person() -> Person {
    actor(ActorKind::Person).person().expect("a person")
}
