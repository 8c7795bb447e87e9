//! A case on a desk: commands go in, events come out and are sealed and folded as a store would.
#![allow(dead_code, reason = "each test target takes from here what it needs")]

use chrono::{DateTime, TimeDelta, Utc};
use second_opinion::case::{
    Actor, ActorKind, Approve, Case, Channel, Cin, Clock, Context, DenialReason, Deny, Event,
    EventBody, Expedite, HealthProfessional, LanguageTag, License, LicenseType, LicensedReviewer,
    Member, NetworkAlternative, NetworkAvailability, NetworkStatus, Notification, Notify, Npi,
    Person, Private, Provider, Recipient, Refusal, Representative, Requester, Reviewer,
    SealedEvent, SecondOpinion, State, Timeliness, UrgencyClaim, Verify, Withdraw, approve, deny,
    expedite, notify, submit, verify, withdraw,
};
use second_opinion::notice::{self, Making};
use second_opinion::plan::Plan;
use second_opinion::rules::{
    Answer, Availability, ClockKind, DenialReasonCode, MediCalStatus, Policy, PrimaryCareDecision,
    Role,
};
use uuid::Uuid;

/// The provider asked for.
pub const ASKED_FOR: &str = "1234567893";
/// A network alternative.
pub const ALTERNATIVE: &str = "1993999998";
/// Someone else outside the network.
pub const ELSEWHERE: &str = "1245319599";
/// Monday 2 March 2026, 10:00 in Los Angeles. The fifth business day is the Monday after, when the clocks have gone
/// forward.
pub const RECEIVED: &str = "2026-03-02T18:00:00Z";
/// The end of that fifth business day, which is the seventh calendar day too.
pub const MEMBER_DUE: &str = "2026-03-10T07:00:00Z";

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

pub fn npi(text: &str) -> Npi {
    Npi::parse(text).expect("an NPI with its check digit")
}

pub const MICROSECOND: TimeDelta = TimeDelta::microseconds(1);

/// A case, what was done to it, and what time it is.
pub struct Desk {
    pub policy: Policy,
    pub plan: Plan,
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
        let body = submit(
            request,
            &Context {
                now,
                policy: &policy,
            },
        );
        let EventBody::Submitted(submitted) = &body else {
            panic!("a submission makes one kind of event");
        };
        let edition = submitted.edition;
        let event = Event {
            version: 1,
            occurred_at: now,
            actor: service(),
            body,
        };
        let id = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
        let sealed = SealedEvent::seal(id, &event, edition, second_opinion::case::Digest::ZERO)
            .expect("an event can be sealed");
        let case = Case::opened(id, &event, sealed.sha256).expect("a submission opens a case");
        Self {
            policy,
            plan: Plan::default(),
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

    pub fn commit(&mut self, body: EventBody, actor: Actor) {
        let event = Event {
            version: self.case.version + 1,
            occurred_at: self.now,
            actor,
            body,
        };
        let sealed =
            SealedEvent::seal(self.case.id, &event, self.case.file.edition, self.case.head)
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
        let body = verify(&self.case, command, &self.context())?;
        self.commit(body, service());
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
        let judged = approve(&self.case, command, &person(), &self.context())?;
        let made =
            notice::approval(&judged.approval, self.making()).expect("the plan can be reached");
        self.commit(judged.issued(vec![made.reference]), reviewer_actor());
        Ok(())
    }

    pub fn deny(&mut self, command: Deny) -> Result<(), Refusal> {
        let judged = deny(&self.case, command, &person(), &self.context())?;
        let made = notice::denial(judged.denial(), self.making()).expect("the plan can be reached");
        let body = judged
            .issued(made.reference, Vec::new())
            .expect("a denial's letter");
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

    pub fn making(&self) -> Making<'_> {
        Making {
            notice_id: Uuid::from_u128(
                0x0190_0000_0000_7000_8000_0000_0000_0100 + u128::from(self.case.version),
            ),
            determination_id: self.case.id,
            request: &self.case.file.request,
            edition: self.case.file.edition,
            now: self.now,
            plan: &self.plan,
            calendar: &self.policy.calendar,
        }
    }

    pub fn state(&self) -> State {
        self.case.file.state
    }

    pub fn clock(&self, kind: ClockKind) -> Option<&Clock> {
        self.case
            .file
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
        self.case.file.notices.last().map(|notice| notice.notice_id)
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

/// A request for a certified and qualified provider outside the network, where the network has no one.
pub fn request() -> SecondOpinion {
    SecondOpinion {
        member: Member {
            member_id: Cin::parse("90000000A").expect("a CIN"),
            full_name: "Ann Member".into(),
            address_lines: vec!["1 Main Street".into()],
            preferred_language: LanguageTag::english(),
            alternative_format: second_opinion::case::AlternativeFormat::OrdinaryPrint,
            spoken_language: None,
            confidential_address_lines: Vec::new(),
        },
        requesters: vec![Requester::Member],
        reasons: Vec::new(),
        clinical_context: second_opinion::case::ClinicalContext::default(),
        requested_provider: Some(asked_for()),
        network_availability: Some(not_available()),
        primary_care_decision: PrimaryCareDecision::Unknown,
        urgency_claim: None,
        received_at: at(RECEIVED),
        referral_number: String::new(),
        treatment_authorization_number: String::new(),
        specialty_wanted: Private::default(),
    }
}

pub fn urgent_request() -> SecondOpinion {
    SecondOpinion {
        urgency_claim: Some(claim()),
        ..request()
    }
}

pub fn claim() -> UrgencyClaim {
    UrgencyClaim {
        psychological_jeopardy: Private::default(),
        practitioner_opinion: None,
        functional_jeopardy: "waiting would do harm".into(),
    }
}

pub fn asked_for() -> Provider {
    Provider {
        npi: Some(npi(ASKED_FOR)),
        name: "Dr. Asked For".to_owned(),
        ..certified_and_qualified()
    }
}

/// A provider outside the network without a name.
pub fn certified_and_qualified() -> Provider {
    Provider {
        network_status: NetworkStatus::OutOfNetwork,
        medi_cal_status: MediCalStatus::Certified,
        role: Role::Specialist,
        within_scope: Answer::Yes,
        relevant_expertise: Answer::Yes,
        ..Provider::default()
    }
}

pub fn elsewhere() -> Provider {
    Provider {
        npi: Some(npi(ELSEWHERE)),
        name: "Dr. Elsewhere".to_owned(),
        ..certified_and_qualified()
    }
}

/// A provider by NPI alone.
pub fn by_npi(text: &str) -> Provider {
    Provider {
        npi: Some(npi(text)),
        ..Provider::default()
    }
}

/// A provider by name alone.
pub fn by_name(name: &str) -> Provider {
    Provider {
        name: name.to_owned(),
        ..Provider::default()
    }
}

pub fn alternative(npi_text: &str, name: &str) -> NetworkAlternative {
    NetworkAlternative {
        npi: Npi::parse(npi_text),
        name: name.to_owned(),
        phone: "(707) 555-0100".to_owned(),
        address_lines: vec!["2 Network Way".to_owned()],
        taxonomy_code: None,
        first_appointment: None,
    }
}

pub fn available() -> NetworkAvailability {
    NetworkAvailability {
        availability: Availability::Available,
        alternatives: vec![alternative(ALTERNATIVE, "Dr. Alternative")],
        verification: None,
    }
}

pub fn not_available() -> NetworkAvailability {
    NetworkAvailability {
        availability: Availability::NotAvailable,
        alternatives: Vec::new(),
        verification: None,
    }
}

pub fn representative(name: &str, authorization_on_file: bool) -> Requester {
    Requester::AuthorizedRepresentative(Representative {
        full_name: name.into(),
        relationship: Private::default(),
        basis: second_opinion::case::AuthorityBasis::Unknown,
        authorization_on_file,
        phone: Private::default(),
    })
}

pub fn professional(npi_text: &str, name: &str) -> Requester {
    Requester::HealthProfessional(HealthProfessional {
        npi: Npi::parse(npi_text),
        full_name: name.into(),
        phone: Private::default(),
        fax: Private::default(),
    })
}

/// Facts about no one and nothing.
pub fn nothing_new() -> Verify {
    Verify {
        provider: None,
        network_availability: None,
        member: None,
    }
}

pub fn provider_facts(provider: Provider) -> Verify {
    Verify {
        provider: Some(provider),
        ..nothing_new()
    }
}

/// What makes a case go the network way ([`available`]) is that the provider asked for is not qualified or in the
/// network; so both facts come together.
pub fn network(availability: NetworkAvailability) -> Verify {
    let network_status = match availability.availability {
        Availability::Available => NetworkStatus::InNetwork,
        Availability::NotAvailable | Availability::Unknown => NetworkStatus::OutOfNetwork,
    };
    Verify {
        provider: Some(Provider {
            network_status,
            ..Provider::default()
        }),
        network_availability: Some(availability),
        member: None,
    }
}

pub fn reviewer(license_number: &str) -> Reviewer {
    Reviewer {
        full_name: "Rae Viewer".to_owned(),
        title: "Medical Director".to_owned(),
        license: Some(License {
            kind: LicenseType::Md,
            number: license_number.into(),
            state: "CA".to_owned(),
        }),
        phone: "(707) 555-0199".to_owned(),
        specialty: String::new(),
    }
}

pub fn approval() -> Approve {
    Approve {
        provider: None,
        reviewer: reviewer("A1"),
        rationale: "the facts bear it".into(),
        valid_from: None,
        valid_through: "2027-03-31".parse().expect("a day"),
        authorization_number: String::new(),
        member_agreement: None,
        service_code: None,
        units: 1,
    }
}

pub fn denial(codes: &[DenialReasonCode], referral: Option<Provider>) -> Deny {
    Deny {
        reasons: codes.iter().map(|code| reason(*code)).collect(),
        reviewer: LicensedReviewer::new(reviewer("A1")).expect("a licence"),
        referral,
    }
}

pub fn reason(code: DenialReasonCode) -> DenialReason {
    DenialReason {
        code,
        explanation: "why, in plain words".into(),
        clinical_rationale: "why, clinically".into(),
        criteria: Vec::new(),
        evidence: "what was asked of whom and when".into(),
        authority: "a rule elsewhere".into(),
        translations: Vec::new(),
    }
}
