//! What really comes back when a case is carried through a situation?
//!
//! A situation is a request, what people did with it, and the instant at which one looks. [`Situation::run`] puts it
//! through the crate itself and notes every clause that an answer named, with the way in which it was named.

use chrono::{DateTime, Utc};
use second_opinion::case::{
    Actor, ActorKind, Approve, Case, CaseState, Channel, Context, Denial, DenialReason, Deny,
    Digest, Event, EventBody, Expedite, License, LicenseType, LicensedReviewer, NextStepKind,
    NoticeReference, Notification, Notify, Person, Provider, Recipient, Refusal, Requester,
    Reviewer, SecondOpinion, Timeliness, UrgencyClaim, Verify, Withdraw, approve, deny, expedite,
    next_steps, notify, submit, verify, withdraw,
};
use second_opinion::notice::{self, Content, LetterContext, NoticeSettings, Settings};
use second_opinion::plan::Plan;
use second_opinion::rules::{Clause, DenialReasonCode, Outcome, Policy};
use uuid::Uuid;

use crate::requests::{self, at};

/// In which way an answer names a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A finding with this outcome.
    Finding(Outcome),
    /// The source of a limit on a clock.
    Limit,
    /// The source of a limit that a closure moved.
    MovedLimit,
    /// The source of the one limit that comes before every other of its clock.
    BindingLimit,
    /// The source of a limit that bound and was not kept.
    LateLimit,
    /// A next step of this kind.
    Step(NextStepKind),
    /// A violation for which a denial was turned away.
    DenialCheck,
    /// A violation for which another command was turned away.
    Refusal,
    /// A letter.
    Letter,
}

/// What came back.
#[derive(Default)]
pub struct Answer {
    /// Each clause with the way in which it was named.
    pub named: Vec<(Clause, Way)>,
    /// Each denial reason that a letter was made for, with a clause that the letter names.
    pub letters: Vec<(DenialReasonCode, Clause)>,
}

enum Act {
    Verify(Box<Verify>),
    Expedite(UrgencyClaim),
    Withdraw(Requester),
    Approve(Box<Approve>),
    Deny(Box<Deny>),
    Tell(Recipient, Channel, Option<Uuid>),
}

/// A request, what people did with it, and the instant at which one looks.
pub struct Situation {
    request: SecondOpinion,
    policy: Policy,
    acts: Vec<(DateTime<Utc>, Act)>,
    as_of: Option<DateTime<Utc>>,
}

/// The letter of a denial, in every situation that has one.
const DENIAL_LETTER: Uuid = Uuid::from_u128(1);

/// A request with every fact known, in review, and nothing done yet.
pub fn asked() -> Situation {
    Situation {
        request: requests::request(),
        policy: Policy::default(),
        acts: Vec::new(),
        as_of: None,
    }
}

impl Situation {
    /// Bends the request.
    pub fn with(mut self, bend: impl FnOnce(&mut SecondOpinion)) -> Self {
        bend(&mut self.request);
        self
    }

    /// Bends the provider asked for.
    pub fn provider(mut self, bend: impl FnOnce(&mut Provider)) -> Self {
        bend(
            self.request
                .requested_provider
                .as_mut()
                .expect("a provider"),
        );
        self
    }

    pub fn received(self, instant: &str) -> Self {
        self.with(|request| request.received_at = at(instant))
    }

    pub fn law_limits_off(mut self) -> Self {
        self.policy.law_limits = false;
        self
    }

    pub fn seen_at(mut self, instant: &str) -> Self {
        self.as_of = Some(at(instant));
        self
    }

    fn then(mut self, instant: &str, act: Act) -> Self {
        self.acts.push((at(instant), act));
        self
    }

    pub fn verified(self, instant: &str, provider: Provider) -> Self {
        let verify = Verify {
            provider: Some(provider),
            network_availability: None,
            member: None,
        };
        self.then(instant, Act::Verify(Box::new(verify)))
    }

    pub fn expedited(self, instant: &str, claim: UrgencyClaim) -> Self {
        self.then(instant, Act::Expedite(claim))
    }

    pub fn withdrawn(self, instant: &str, by: Requester) -> Self {
        self.then(instant, Act::Withdraw(by))
    }

    /// Approved as it was asked for, but for what `bend` changes.
    pub fn approved(self, instant: &str, bend: impl FnOnce(&mut Approve)) -> Self {
        let mut approve = Approve {
            provider: None,
            reviewer: reviewer(),
            rationale: "fits".into(),
            valid_from: None,
            valid_through: "2099-12-31".parse().expect("a date"),
            authorization_number: String::new(),
            member_agreement: None,
            service_code: None,
            units: 1,
        };
        bend(&mut approve);
        self.then(instant, Act::Approve(Box::new(approve)))
    }

    pub fn denied(self, instant: &str, code: DenialReasonCode, referral: Option<Provider>) -> Self {
        let deny = Deny {
            reasons: vec![DenialReason {
                code,
                explanation: "explained".into(),
                clinical_rationale: "reasoned".into(),
                criteria: Vec::new(),
                evidence: "asked on 5 January".into(),
                authority: "22 CCR 50000".into(),
                translations: Vec::new(),
            }],
            reviewer: LicensedReviewer::new(reviewer()).expect("a licence"),
            referral,
        };
        self.then(instant, Act::Deny(Box::new(deny)))
    }

    pub fn told(self, instant: &str, recipient: Recipient, channel: Channel) -> Self {
        self.then(instant, Act::Tell(recipient, channel, None))
    }

    /// The denial's letter goes to the member.
    pub fn letter_sent(self, instant: &str, channel: Channel) -> Self {
        let act = Act::Tell(Recipient::Member, channel, Some(DENIAL_LETTER));
        self.then(instant, act)
    }

    /// Carries it through, up to the first command that is turned away.
    pub fn run(self) -> Answer {
        let mut answer = Answer::default();
        let received = self.request.received_at;
        let context = |now| Context {
            now,
            policy: &self.policy,
        };
        let opened = event(
            1,
            received,
            submit(self.request.clone(), &context(received)).into(),
        );
        let mut case =
            Case::opened(Uuid::nil(), opened.clone(), Digest::ZERO).expect("a submission");
        let mut last = received;
        for (now, act) in self.acts {
            last = now;
            let denies = matches!(act, Act::Deny(_));
            match carry_out(act, &case, &context(now), &mut answer) {
                Ok(body) => {
                    let next = event(case.version + 1, now, body);
                    case = case
                        .after(&next, Digest::ZERO)
                        .expect("an event that follows");
                }
                Err(Refusal::Rules { violations }) => {
                    let way = if denies {
                        Way::DenialCheck
                    } else {
                        Way::Refusal
                    };
                    let clauses = violations.iter().map(|violation| (violation.clause, way));
                    answer.named.extend(clauses);
                    break;
                }
                Err(refusal) => panic!("turned away for another cause than a clause: {refusal}"),
            }
        }
        answer.look_at(&case.current, self.as_of.unwrap_or(last), &self.policy);
        answer
    }
}

impl Answer {
    fn look_at(&mut self, file: &CaseState, as_of: DateTime<Utc>, policy: &Policy) {
        let findings = file.assessment.findings.iter();
        self.named
            .extend(findings.map(|finding| (finding.clause, Way::Finding(finding.outcome))));
        for clock in &file.clocks {
            let due_at = clock.due_at();
            let binding = clock.limits.iter().filter(|limit| limit.due_at == due_at);
            let late = match clock.timeliness(as_of) {
                Timeliness::Overdue | Timeliness::Missed => true,
                Timeliness::Running | Timeliness::Met | Timeliness::NotCounted => false,
            };
            if let [one] = binding.clone().collect::<Vec<_>>().as_slice() {
                self.named.push((one.source, Way::BindingLimit));
            }
            let late_limits = binding.filter(|_| late);
            self.named
                .extend(late_limits.map(|limit| (limit.source, Way::LateLimit)));
            for limit in &clock.limits {
                self.named.push((limit.source, Way::Limit));
                if !limit.skipped_days.is_empty() {
                    self.named.push((limit.source, Way::MovedLimit));
                }
            }
        }
        let overdue = file.clocks.iter();
        let overdue = overdue.map(|clock| clock.timeliness(as_of));
        assert_eq!(
            file.is_overdue(as_of),
            overdue
                .into_iter()
                .any(|clock| clock == Timeliness::Overdue)
        );
        let steps = next_steps(file, as_of, &policy.calendar);
        self.named
            .extend(steps.iter().map(|step| (step.clause, Way::Step(step.kind))));
    }
}

fn event(version: u32, occurred_at: DateTime<Utc>, body: EventBody) -> Event {
    Event {
        version,
        occurred_at,
        actor: actor(),
        body,
    }
}

fn actor() -> Actor {
    Actor {
        id: "reviewer".to_owned(),
        kind: ActorKind::Person,
    }
}

fn person() -> Person {
    actor().person().expect("a person")
}

fn reviewer() -> Reviewer {
    Reviewer {
        full_name: "Rosa Reviewer".to_owned(),
        title: "Medical Director".to_owned(),
        license: Some(License {
            kind: LicenseType::Md,
            number: "A12345".into(),
            state: "CA".to_owned(),
        }),
        phone: "(707) 555-0199".to_owned(),
        specialty: String::new(),
    }
}

fn carry_out(
    act: Act,
    case: &Case,
    context: &Context<'_>,
    answer: &mut Answer,
) -> Result<EventBody, Refusal> {
    match act {
        Act::Verify(command) => verify(case, *command, context).map(EventBody::from),
        Act::Withdraw(withdrawn_by) => {
            let reason = "".into();
            let command = Withdraw {
                withdrawn_by,
                reason,
            };
            withdraw(case, command, context).map(EventBody::from)
        }
        Act::Expedite(claim) => {
            let received_at = context.now;
            expedite(case, Expedite { claim, received_at }, context).map(EventBody::from)
        }
        Act::Approve(command) => {
            let mut approved = approve(case, *command, &person(), context)?;
            let (plan, notices) = (Plan::default(), NoticeSettings::default());
            let making = making(
                case,
                context,
                Settings {
                    plan: &plan,
                    notices: &notices,
                },
            );
            let made = notice::approval(&approved.approval, making).expect("an approval's letter");
            approved.notices = made.into_iter().map(|made| made.reference).collect();
            Ok(approved.into())
        }
        Act::Deny(command) => {
            let proposed = deny(case, *command, &person(), context)?;
            let letter = denial_letter(proposed.denial(), case, context, answer);
            let denied = proposed.issued(letter, Vec::new());
            Ok(denied.expect("a denial's letter").into())
        }
        Act::Tell(recipient, channel, notice_id) => {
            let notification = Notification {
                recipient,
                channel,
                notice_id,
                notified_at: context.now,
            };
            notify(case, Notify { notification }, context).map(EventBody::from)
        }
    }
}

fn making<'a>(case: &'a Case, context: &Context<'a>, settings: Settings<'a>) -> LetterContext<'a> {
    let calendar = &context.policy.calendar;
    LetterContext::of(case, || DENIAL_LETTER, context.now, settings, calendar)
}

/// Makes the letter and notes what its stored bytes name: the reasons' clauses, and VI.F by the rights it tells of.
fn denial_letter(
    denial: &Denial,
    case: &Case,
    context: &Context<'_>,
    answer: &mut Answer,
) -> NoticeReference {
    let (plan, notices) = (Plan::default(), NoticeSettings::default());
    let settings = Settings {
        plan: &plan,
        notices: &notices,
    };
    let made = notice::denial(denial, making(case, context, settings)).expect("a letter");
    let made = made.into_iter().next().expect("the member's letter");
    let stored = notice::read(&made.bytes).expect("a letter that can be read");
    let Content::Denial(letter) = &stored.content else {
        panic!("not the letter of a denial");
    };
    let mut clauses: Vec<Clause> = Vec::new();
    for reason in letter.reasons() {
        clauses.extend(&reason.clauses);
    }
    let tells_how = letter.appeal().how().methods().count() > 0
        && letter.grievance().how().methods().count() > 0
        && letter.appeal().last_day() > stored.day;
    clauses.extend(tells_how.then_some(Clause::DenialInWriting));
    for reason in &denial.reasons {
        answer
            .letters
            .extend(clauses.iter().map(|clause| (reason.code, *clause)));
    }
    answer
        .named
        .extend(clauses.into_iter().map(|clause| (clause, Way::Letter)));
    made.reference
}
