//! How does a case look to its callers, in the BASIC and the FULL view?
//!
//! BASIC holds no PHI: no request, no history, and of a decision only what the contract names.

mod decision;
mod history;
mod policy;
mod request;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use prost_types::Timestamp;

use crate::case::{
    Case, CaseState, Clock, Contact, Event, EventKind, NextStep, NextStepKind, NoticeKind,
    NoticeReference, State, Timeliness, next_steps,
};
use crate::plan::{ContactPoint, Plan};
use crate::rules::{
    Calendar, ClockKind, Finding, Limit, Outcome, POLICY_NUMBER, Pathway, Qualification,
    Recommendation, Urgency,
};
use crate::store::LogEntry;
use crate::wire::v1;

pub use policy::policy;

/// What a case is shown with.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The instant that timeliness and next steps are as of.
    pub as_of: DateTime<Utc>,
    /// The plan, for its contact points.
    pub plan: &'a Plan,
    /// The plan's calendar.
    pub calendar: &'a Calendar,
}

/// An instant on the wire.
#[must_use]
pub fn timestamp(instant: DateTime<Utc>) -> Timestamp {
    // INVARIANT: nanoseconds below a second are less than 1,000,000,000, and fit.
    let nanos = i32::try_from(instant.timestamp_subsec_nanos() % 1_000_000_000).unwrap_or_default();
    Timestamp {
        seconds: instant.timestamp(),
        nanos,
    }
}

/// `YYYY-MM-DD`, which is how chrono shows the days of the years 0 to 9999.
fn date(day: NaiveDate) -> String {
    day.to_string()
}

/// A case in the BASIC view.
#[must_use]
pub fn basic(case: &Case, shown: Shown<'_>) -> Box<v1::Determination> {
    let mut determination = evaluated(&case.current, shown);
    determination.determination_id = case.id.hyphenated().to_string();
    determination.etag = case.etag();
    determination.created_at = Some(timestamp(case.created_at));
    determination.updated_at = Some(timestamp(case.updated_at));
    determination
}

/// A case in the FULL view, with its history.
#[must_use]
pub fn full(case: &Case, events: &[Event], shown: Shown<'_>) -> Box<v1::Determination> {
    let mut determination = basic(case, shown);
    determination.decision = case.current.decision.as_ref().map(decision::full);
    determination.second_opinion = Some(Box::new(request::second_opinion(&case.current.request)));
    determination.history = events.iter().map(history::entry).collect();
    determination
}

/// A case without the fields of record: what evaluating gives.
#[must_use]
pub fn evaluated(file: &CaseState, shown: Shown<'_>) -> Box<v1::Determination> {
    let zone = shown.calendar.zone();
    Box::new(v1::Determination {
        determination_id: String::new(),
        state: state(file.state).into(),
        pathway: pathway(file.assessment.pathway).into(),
        urgency: urgency(file.assessment.urgency).into(),
        recommendation: recommendation(file.assessment.recommendation).into(),
        qualification: qualification(file.assessment.qualification).into(),
        clocks: clocks(&file.clocks, shown.as_of, zone),
        findings: file
            .assessment
            .findings
            .iter()
            .copied()
            .map(finding)
            .collect(),
        next_steps: next_steps(file, shown.as_of, shown.calendar)
            .iter()
            .map(|step| next_step(step, shown.plan))
            .collect(),
        decision: file.decision.as_ref().map(decision::basic),
        notifications: file
            .notifications
            .iter()
            .map(decision::notification)
            .collect(),
        notices: file.notices.iter().map(notice_reference).collect(),
        second_opinion: None,
        history: Vec::new(),
        policy_number: POLICY_NUMBER.to_owned(),
        policy_version: date(file.edition),
        etag: String::new(),
        created_at: None,
        updated_at: None,
        referral_number: file.request.referral_number.clone(),
        treatment_authorization_number: file.request.treatment_authorization_number.clone(),
        due_at: file.due_at().map(timestamp),
    })
}

/// An entry of the log as a watcher sees it.
#[must_use]
pub fn watched(entry: &LogEntry) -> v1::DeterminationEvent {
    v1::DeterminationEvent {
        determination_id: entry.determination_id.hyphenated().to_string(),
        version: entry.version.into(),
        r#type: event_type(entry.kind).into(),
        state: state(entry.state).into(),
        urgency: urgency(entry.urgency).into(),
        due_at: entry.due_at.map(timestamp),
        occurred_at: Some(timestamp(entry.occurred_at)),
        referral_number: entry.referral_number.clone(),
        treatment_authorization_number: entry.treatment_authorization_number.clone(),
    }
}

/// A letter's reference.
#[must_use]
pub fn notice_reference(notice: &NoticeReference) -> v1::NoticeReference {
    v1::NoticeReference {
        notice_id: notice.notice_id.hyphenated().to_string(),
        kind: match notice.kind {
            NoticeKind::Denial => v1::NoticeKind::Denial,
            NoticeKind::Approval => v1::NoticeKind::Approval,
            NoticeKind::GrievanceInformation => v1::NoticeKind::GrievanceInformation,
            NoticeKind::NetworkAccess => v1::NoticeKind::NetworkAccess,
            NoticeKind::Lapse => v1::NoticeKind::Lapse,
            NoticeKind::ProviderCopy => v1::NoticeKind::ProviderCopy,
        }
        .into(),
        language: notice.language.as_str().to_owned(),
        issued_at: Some(timestamp(notice.issued_at)),
        sha256: notice.sha256.to_string(),
        translation_needed: notice.translation_needed,
    }
}

/// Clocks as they stand at an instant.
#[must_use]
pub fn clocks(held: &[Clock], as_of: DateTime<Utc>, zone: Tz) -> Vec<v1::Clock> {
    held.iter().map(|held| clock(held, as_of, zone)).collect()
}

fn clock(clock: &Clock, as_of: DateTime<Utc>, zone: Tz) -> v1::Clock {
    v1::Clock {
        kind: clock_kind(clock.kind).into(),
        started_at: Some(timestamp(clock.started_at)),
        due_at: Some(timestamp(clock.due_at())),
        stopped_at: clock.stopped.map(|stop| timestamp(stop.at)),
        timeliness: match clock.timeliness(as_of) {
            Timeliness::Running => v1::Timeliness::Running,
            Timeliness::Overdue => v1::Timeliness::Overdue,
            Timeliness::Met => v1::Timeliness::Met,
            Timeliness::Missed => v1::Timeliness::Missed,
            Timeliness::NotCounted => v1::Timeliness::NotCounted,
        }
        .into(),
        time_zone: zone.name().to_owned(),
        limits: clock.limits.iter().map(limit).collect(),
    }
}

fn limit(limit: &Limit) -> v1::Limit {
    v1::Limit {
        source: limit.source.source(),
        due_at: Some(timestamp(limit.due_at)),
        skipped_days: limit
            .skipped_days
            .iter()
            .map(|skipped| v1::SkippedDay {
                date: date(skipped.date),
                name: skipped.name.clone(),
            })
            .collect(),
    }
}

fn finding(finding: Finding) -> v1::Finding {
    v1::Finding {
        clause: finding.clause.id().to_owned(),
        outcome: match finding.outcome {
            Outcome::Satisfied => v1::FindingOutcome::Satisfied,
            Outcome::NotSatisfied => v1::FindingOutcome::NotSatisfied,
            Outcome::Unknown => v1::FindingOutcome::Unknown,
            Outcome::Noted => v1::FindingOutcome::Noted,
        }
        .into(),
        message: finding.message(),
    }
}

fn next_step(step: &NextStep, plan: &Plan) -> v1::NextStep {
    v1::NextStep {
        kind: match step.kind {
            NextStepKind::SeeNetworkProvider => v1::NextStepKind::SeeNetworkProvider,
            NextStepKind::SeeApprovedProvider => v1::NextStepKind::SeeApprovedProvider,
            NextStepKind::ReferOutOfNetwork => v1::NextStepKind::ReferOutOfNetwork,
            NextStepKind::RequestTreatmentAuthorization => {
                v1::NextStepKind::RequestTreatmentAuthorization
            }
            NextStepKind::FileGrievance => v1::NextStepKind::FileGrievance,
            NextStepKind::FileAppeal => v1::NextStepKind::FileAppeal,
        }
        .into(),
        clause: step.clause.id().to_owned(),
        related_policy: step
            .related_policy
            .map(|policy| policy.number().to_owned())
            .unwrap_or_default(),
        instruction: step.message(),
        deadline: step.deadline.map(timestamp),
        contact: Some(match &step.contact {
            Contact::Appeals => contact(&plan.appeals),
            Contact::GrievanceCoordinator => contact(&plan.grievance_coordinator),
            Contact::MemberServices => contact(&plan.member_services),
            Contact::Provider {
                name,
                phone,
                address_lines,
            } => v1::Contact {
                name: name.clone(),
                phone: phone.clone(),
                address_lines: address_lines.clone(),
                ..v1::Contact::default()
            },
        }),
    }
}

fn contact(point: &ContactPoint) -> v1::Contact {
    v1::Contact {
        name: point.name.clone(),
        phone: point.phone.clone(),
        tty: point.tty.clone(),
        address_lines: point.address_lines.clone(),
        website: point.website.clone(),
    }
}

fn state(state: State) -> v1::State {
    match state {
        State::NoAuthorizationRequired => v1::State::NoAuthorizationRequired,
        State::PendingReview => v1::State::PendingReview,
        State::Approved => v1::State::Approved,
        State::Denied => v1::State::Denied,
        State::Withdrawn => v1::State::Withdrawn,
    }
}

fn pathway(pathway: Pathway) -> v1::Pathway {
    match pathway {
        Pathway::NetworkAccess => v1::Pathway::NetworkAccess,
        Pathway::PriorAuthorization => v1::Pathway::PriorAuthorization,
    }
}

/// Whether a request is urgent.
#[must_use]
pub fn urgency(urgency: Urgency) -> v1::Urgency {
    match urgency {
        Urgency::Routine => v1::Urgency::Routine,
        Urgency::Urgent => v1::Urgency::Urgent,
    }
}

fn recommendation(recommendation: Recommendation) -> v1::Recommendation {
    match recommendation {
        Recommendation::NoneNeeded => v1::Recommendation::NoneNeeded,
        Recommendation::GatherInformation => v1::Recommendation::GatherInformation,
        Recommendation::ReferInNetwork => v1::Recommendation::ReferInNetwork,
        Recommendation::SelectCertifiedProvider => v1::Recommendation::SelectCertifiedProvider,
        Recommendation::Approve => v1::Recommendation::Approve,
    }
}

fn qualification(qualification: Qualification) -> v1::Qualification {
    match qualification {
        Qualification::Qualified => v1::Qualification::Qualified,
        Qualification::NotQualified => v1::Qualification::NotQualified,
        Qualification::Unknown => v1::Qualification::Unspecified,
        Qualification::NotApplicable => v1::Qualification::NotApplicable,
    }
}

fn clock_kind(kind: ClockKind) -> v1::ClockKind {
    match kind {
        ClockKind::Determination => v1::ClockKind::Determination,
        ClockKind::MemberNotification => v1::ClockKind::MemberNotification,
        ClockKind::ProviderNotification => v1::ClockKind::ProviderNotification,
    }
}

fn event_type(kind: EventKind) -> v1::EventType {
    match kind {
        EventKind::Submitted => v1::EventType::Submitted,
        EventKind::Verified => v1::EventType::Verified,
        EventKind::Expedited => v1::EventType::Expedited,
        EventKind::Withdrawn => v1::EventType::Withdrawn,
        EventKind::Approved => v1::EventType::Approved,
        EventKind::Denied => v1::EventType::Denied,
        EventKind::Notified => v1::EventType::Notified,
        EventKind::DueSoon => v1::EventType::DueSoon,
        EventKind::Overdue => v1::EventType::Overdue,
    }
}
