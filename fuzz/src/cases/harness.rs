//! A case without a service: applies commands, and seals and folds the events as a store does.

use std::cell::Cell;

use arbitrary::Unstructured;
use chrono::{DateTime, TimeDelta, Utc};
use second_opinion::case::{
    Actor, ActorKind, Case, ClockEvent, Context, Decision, Digest, Event, EventBody, EventKind,
    NoticeKind, Person, Refusal, SealedEvent, SecondOpinion, State, approve, deny, expedite,
    notify, submit, verify, withdraw,
};
use second_opinion::notice::{
    self, Form, LetterContext, NoticeError, NoticeSettings, Rendition, SealedLetter, Settings,
    Templates,
};
use second_opinion::store::{LogEntry, Record, decode_state, encode_state, fold};
use second_opinion::wire::{parse, render, v1};
use uuid::Uuid;

use super::super::request::check_json;
use super::super::support::{PLAN, POLICY, below, calendar, now, shown};
use super::super::{examples, page};
use super::message;

const ID: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
const REMINDER_THRESHOLDS_PERCENT: [u8; 3] = [50, 75, 90];

/// A case with everything that a store would hold about it.
pub struct CaseHarness {
    pub case: Case,
    pub records: Vec<Record>,
    pub entries: Vec<LogEntry>,
    pub letters: Vec<SealedLetter>,
    events: Vec<Event>,
    pub now: DateTime<Utc>,
    settings: NoticeSettings,
}

impl CaseHarness {
    /// Submits a case; `None` if the submission is rejected.
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
        let mut harness = Self {
            case,
            records: Vec::new(),
            entries: Vec::new(),
            letters,
            events: Vec::new(),
            now,
            settings,
        };
        harness.append(event, sealed);
        Some(harness)
    }

    /// A case from the examples that becomes overdue and is then denied.
    pub fn sample() -> Self {
        let submission = examples::read("network-has-a-qualified-one");
        let mut harness = Self::open(submission).expect("a valid submission");
        let claim = examples::read("expedite");
        harness.expedite(&claim).expect("an open case");
        harness.now += TimeDelta::days(30);
        harness.sweep();
        let denial = examples::read("denial-qualified-network-provider-available");
        harness
            .deny(&denial)
            .expect("facts that support the denial");
        let notification = examples::read("notification-by-mail");
        harness
            .notify(&notification, None)
            .expect("a valid notification");
        harness.check(0);
        harness
    }

    fn append(&mut self, event: Event, sealed: SealedEvent) {
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

    fn commit(&mut self, body: impl Into<EventBody>, letters: Vec<SealedLetter>, kind: ActorKind) {
        let event = Event {
            version: self.case.version + 1,
            occurred_at: self.now,
            actor: actor(kind),
            body: body.into(),
        };
        let edition = self.case.current.edition;
        let sealed = SealedEvent::seal(ID, &event, edition, self.case.head).expect("sealed");
        let next = self.case.clone().after(&event, sealed.sha256);
        self.case = next.expect("the event applies to its case");
        self.letters.extend(letters);
        self.append(event, sealed);
    }

    fn making(&self) -> LetterContext<'_> {
        let current = &self.case.current;
        making(&current.request, current.edition, self.now, &self.settings)
    }

    /// Applies one message, or runs the sweeper.
    pub fn step(&mut self, bytes: &mut Unstructured<'_>) {
        let result = match below(bytes, 8) {
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
        match result {
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
        assert!(now_due <= due || due.is_none(), "the due date moved later");
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
            Err(NoticeError::TranslationMissing { reasons, .. }) => {
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

    /// Usually one of the case's letters, sometimes `None`.
    fn letter(&self, bytes: &mut Unstructured<'_>) -> Option<Uuid> {
        let notices = &self.case.current.notices;
        let notice = notices.get(below(bytes, notices.len() + 1))?;
        Some(notice.notice_id)
    }

    /// Records a notification; `letter` replaces the letter that the message names.
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

    /// Commits every reminder and overdue event that is due, one at a time.
    fn sweep(&mut self) {
        while let Some(mut event) = self.case.sweep(self.now, &REMINDER_THRESHOLDS_PERCENT) {
            let mut letters: Vec<SealedLetter> = Vec::new();
            if let ClockEvent::Overdue(overdue) = &mut event {
                let letter = notice::lapse(&self.case, self.making());
                letters.extend(letter.expect("the plan can be reached"));
                overdue.notices = references(&letters);
            }
            self.commit(event, letters, ActorKind::Service);
        }
        assert!(
            self.case
                .next_sweep(&REMINDER_THRESHOLDS_PERCENT)
                .is_none_or(|at| at > self.now)
        );
    }

    fn context(&self) -> Context<'static> {
        Context {
            now: self.now,
            policy: &POLICY,
        }
    }

    /// Checks the invariants after an event; the first `checked_letters` letters were checked before.
    pub fn check(&self, checked_letters: usize) {
        let (case, file) = (&self.case, &self.case.current);
        let folded = fold(ID, &self.records).expect("valid events fold");
        assert_eq!(&folded, case, "the events fold to another state");
        let snapshot = encode_state(file).expect("a snapshot");
        assert_eq!(decode_state(&snapshot).as_ref(), Some(file));
        for limit in file.clocks.iter().flat_map(|clock| &clock.limits) {
            assert!(
                limit.due_at > file.request.received_at,
                "due before receipt"
            );
        }
        if let Some(at) = case.next_sweep(&REMINDER_THRESHOLDS_PERCENT) {
            assert!(
                case.sweep(at, &REMINDER_THRESHOLDS_PERCENT).is_some(),
                "no event at the next sweep"
            );
        }
        self.check_decision();

        let full = render::full(case, &self.events, shown(self.now));
        check_json(&full, "Determination");
        let again = parse::second_opinion(full.second_opinion, self.now, calendar());
        assert_eq!(
            again.as_ref(),
            Ok(&file.request),
            "the rendered request parses to another"
        );

        let in_file: Vec<&NoticeKind> = file.notices.iter().map(|notice| &notice.kind).collect();
        let sealed: Vec<NoticeKind> = self
            .letters
            .iter()
            .map(|it| it.letter.content.kind())
            .collect();
        assert_eq!(in_file, sealed.iter().collect::<Vec<_>>(), "its letters");
        self.letters[checked_letters..]
            .iter()
            .for_each(check_letter);
    }

    /// Every denial has a letter, and every decision was made by a person.
    fn check_decision(&self) {
        let file = &self.case.current;
        let denied = matches!(file.decision, Some(Decision::Denied(_)));
        assert_eq!(denied, file.state == State::Denied);
        let has_letter = |kind| file.notices.iter().any(|notice| notice.kind == kind);
        assert_eq!(denied, has_letter(NoticeKind::Denial));
        for event in &self.events {
            let decides = matches!(event.body.kind(), EventKind::Denied | EventKind::Approved);
            assert!(
                !decides || event.actor.person().is_some(),
                "a decision without a person"
            );
        }
    }
}

fn check_letter(made: &SealedLetter) {
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
) -> LetterContext<'a> {
    LetterContext {
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
    /// The number of letters so far. Letter ids are derived from it, so that a run is reproducible.
    static LETTERS: Cell<u128> = const { Cell::new(0) };
}

fn next_id() -> Uuid {
    LETTERS.set(LETTERS.get() + 1);
    Uuid::from_u128(ID.as_u128() + LETTERS.get())
}

fn references(letters: &[SealedLetter]) -> Vec<second_opinion::case::NoticeReference> {
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
