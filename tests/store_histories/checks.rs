//! Invariants of a log and of the cases in it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use second_opinion::case::{
    ActorKind, Case, Digest, EventBody, LicensedReviewer, NoticeKind, SealedEvent,
};
use second_opinion::rpc::Calls;
use second_opinion::rules::{ClockKind, Edition, Urgency};
use second_opinion::store::{Record, Store, fold, unseal, verify_log};
use second_opinion::wire::v1;
use second_opinion::wire::v1::second_opinion_service_server::SecondOpinionService as _;
use uuid::Uuid;

use crate::service::identity;
use crate::turns::CallerKind;

/// More entries than any of these logs has.
const ENTRIES_MAX: usize = 1_000;

/// Checks the log, and returns the callers' changes in its order: the case, and its etag after the change.
pub async fn check(store: &dyn Store, calls: &Calls) -> Vec<(Uuid, String)> {
    let report = verify_log(store).await.expect("a report");
    assert!(report.is_clean(), "{:?}", report.findings);

    let log = store.log_after(0, ENTRIES_MAX).await.expect("the log");
    let ids: BTreeSet<Uuid> = log.iter().map(|entry| entry.determination_id).collect();
    let mut stages = BTreeMap::new();
    for id in ids {
        let records = store.history(id).await.expect("a history");
        let case_stages = stages_of(id, &records);
        let stored = store.case(id).await.expect("a store").expect("a case");
        assert_eq!(
            case_stages.last(),
            Some(&*stored),
            "the events fold to the case"
        );
        check_editions(calls, &case_stages, &records);
        check_decisions(store, id, &records).await;
        check_view(calls, id).await;
        stages.insert(id, case_stages);
    }
    let by_callers = log.iter().filter(|entry| entry.kind.is_from_caller());
    let logged = by_callers.map(|entry| {
        let index = usize::try_from(entry.version - 1).expect("an index");
        let stage = &stages[&entry.determination_id][index];
        assert_eq!(stage.current.state, entry.state);
        (entry.determination_id, stage.etag())
    });
    logged.collect()
}

/// Returns the case after each of its events, and checks each change: due dates never move later, urgency and decisions are
/// kept, and only reminders and overdue events keep the etag.
fn stages_of(id: Uuid, records: &[Record]) -> Vec<Case> {
    let stages: Vec<Case> = (1..=records.len())
        .map(|length| fold(id, &records[..length]).expect("a case"))
        .collect();
    for (before, after) in stages.iter().zip(&stages[1..]) {
        let swept = before.current.reminders != after.current.reminders;
        assert_eq!(swept, before.etag() == after.etag());
        let later = due_dates(after);
        for (kind, due) in due_dates(before) {
            assert!(
                later[&kind] <= due,
                "{kind:?}: from {due} to {}",
                later[&kind]
            );
        }
        if before.current.assessment.urgency == Urgency::Urgent {
            assert_eq!(after.current.assessment.urgency, Urgency::Urgent);
        }
        if before.current.decision.is_some() {
            assert_eq!(after.current.state, before.current.state);
            assert_eq!(after.current.decision, before.current.decision);
        }
        assert!(before.updated_at <= after.updated_at);
    }
    stages
}

fn due_dates(case: &Case) -> BTreeMap<ClockKind, DateTime<Utc>> {
    let clocks = &case.current.clocks;
    let due_dates: BTreeMap<_, _> = clocks.iter().map(|it| (it.kind, it.due_at())).collect();
    assert_eq!(due_dates.len(), clocks.len(), "one clock of each kind");
    due_dates
}

/// Checks that every event has the policy edition in force on the day of receipt.
fn check_editions(calls: &Calls, stages: &[Case], records: &[Record]) {
    for (stage, record) in stages.iter().zip(records) {
        let received = calls
            .policy
            .calendar
            .day_of(stage.current.request.received_at);
        let edition = Edition::for_receipt(received).version;
        let (header, _) = SealedEvent::unseal(&record.bytes, record.sha256).expect("an event");
        assert_eq!(header.policy_version, edition, "the edition of receipt");
        assert_eq!(stage.current.edition, edition, "the edition of receipt");
    }
}

/// Checks that a person made every decision, and that every denial has a licensed reviewer and an unchanged letter.
async fn check_decisions(store: &dyn Store, id: Uuid, records: &[Record]) {
    for event in unseal(id, records).expect("events") {
        let denied = match &event.body {
            EventBody::Denied(denied) => denied,
            EventBody::Approved(_) => {
                assert_eq!(event.actor.kind, ActorKind::Person);
                continue;
            }
            EventBody::Submitted(_)
            | EventBody::Verified(_)
            | EventBody::Expedited(_)
            | EventBody::Withdrawn(_)
            | EventBody::Notified(_)
            | EventBody::DueSoon(_)
            | EventBody::Overdue(_) => continue,
        };
        assert_eq!(event.actor.kind, ActorKind::Person, "the denial's actor");
        assert_eq!(event.actor.id, identity(CallerKind::Reviewer).key());
        let reviewer = denied.denial().reviewer.reviewer().clone();
        assert!(LicensedReviewer::new(reviewer).is_some());
        let reference = denied.notice();
        assert_eq!(reference.kind, NoticeKind::Denial);
        let letter = store.notice(reference.notice_id).await;
        let letter = letter.expect("a store").expect("a letter");
        assert_eq!(letter.determination_id, id);
        assert_eq!(&letter.reference, reference);
        assert_eq!(Digest::of(&letter.bytes), reference.sha256);
    }
}

/// Checks that the case can be rendered at any time of the server's clock.
async fn check_view(calls: &Calls, id: Uuid) {
    let mut request = tonic::Request::new(v1::GetDeterminationRequest {
        determination_id: id.to_string(),
        view: v1::View::Full.into(),
    });
    request
        .extensions_mut()
        .insert(identity(CallerKind::Reviewer));
    let response = calls.get_determination(request).await;
    assert!(response.is_ok(), "{response:?}");
}
