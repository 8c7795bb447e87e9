//! Renders a case as a `Determination`, in the BASIC and the FULL view.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::enums::{
    clock_kind, event_type, pathway, qualification, recommendation, state, urgency,
};
use super::values::{date, timestamp};
use super::{decision, history, request};
use crate::case::{
    Case, CaseState, Clock, Contact, Event, NextStep, NextStepKind, NoticeKind, NoticeReference,
    Timeliness, next_steps,
};
use crate::plan::{ContactPoint, Plan};
use crate::rules::{Calendar, Finding, Limit, Outcome, POLICY_NUMBER};
use crate::store::LogEntry;
use crate::wire::v1;

/// The context in which a case is rendered.
#[derive(Clone, Copy, Debug)]
pub struct RenderContext<'a> {
    /// The instant as of which timeliness and next steps are stated.
    pub as_of: DateTime<Utc>,
    /// The plan, for its contact points.
    pub plan: &'a Plan,
    /// The plan's calendar.
    pub calendar: &'a Calendar,
}

/// Renders a case in the BASIC view.
#[must_use]
pub fn basic(case: &Case, context: RenderContext<'_>) -> Box<v1::Determination> {
    let mut determination = evaluated(&case.current, context);
    determination.determination_id = case.id.hyphenated().to_string();
    determination.etag = case.etag();
    determination.created_at = Some(timestamp(case.created_at));
    determination.updated_at = Some(timestamp(case.updated_at));
    determination
}

/// Renders a case in the FULL view, with its history.
#[must_use]
pub fn full(case: &Case, events: &[Event], context: RenderContext<'_>) -> Box<v1::Determination> {
    let mut determination = basic(case, context);
    determination.decision = case.current.decision.as_ref().map(decision::full);
    determination.second_opinion = Some(Box::new(request::second_opinion(&case.current.request)));
    determination.history = events.iter().map(history::entry).collect();
    determination
}

/// Renders a case without the fields of record, as `EvaluateSecondOpinion` returns it.
#[must_use]
pub fn evaluated(case: &CaseState, context: RenderContext<'_>) -> Box<v1::Determination> {
    let zone = context.calendar.zone();
    Box::new(v1::Determination {
        determination_id: String::new(),
        state: state(case.state).into(),
        pathway: pathway(case.assessment.pathway).into(),
        urgency: urgency(case.assessment.urgency).into(),
        recommendation: recommendation(case.assessment.recommendation).into(),
        qualification: qualification(case.assessment.qualification).into(),
        clocks: clocks(&case.clocks, context.as_of, zone),
        findings: case
            .assessment
            .findings
            .iter()
            .copied()
            .map(finding)
            .collect(),
        next_steps: next_steps(case, context.as_of, context.calendar)
            .iter()
            .map(|step| next_step(step, context.plan))
            .collect(),
        decision: case.decision.as_ref().map(decision::basic),
        notifications: case
            .notifications
            .iter()
            .map(decision::notification)
            .collect(),
        notices: case.notices.iter().map(notice_reference).collect(),
        second_opinion: None,
        history: Vec::new(),
        policy_number: POLICY_NUMBER.to_owned(),
        policy_version: date(case.edition),
        etag: String::new(),
        created_at: None,
        updated_at: None,
        referral_number: case.request.referral_number.clone(),
        treatment_authorization_number: case.request.treatment_authorization_number.clone(),
        due_at: case.due_at().map(timestamp),
    })
}

/// Renders an entry of the log as a watcher receives it.
#[must_use]
pub fn determination_event(entry: &LogEntry) -> v1::DeterminationEvent {
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

/// Renders a reference to a letter.
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

/// Renders clocks as of an instant.
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
