//! The example requests, submitted and evaluated.

use chrono::{DateTime, Utc};
use prost_types::Timestamp;
use second_opinion::rules::CLAUSES;
use second_opinion::wire::render::timestamp;
use second_opinion::wire::v1;

use crate::call::{change, example, submit};
use crate::support::server::{TestServer, monday};
use crate::tables::{after, names, table};

const HEADER: [&str; 4] = ["file", "state", "recommendation", "note"];

/// A value of an enum, by its name in the README.
macro_rules! named {
    ($enumeration:ident, $prefix:literal, $name:expr) => {
        v1::$enumeration::from_str_name(&format!(concat!($prefix, "_{}"), $name))
            .unwrap_or_else(|| panic!("`{}` is not a {}", $name, $prefix))
    };
}
pub(crate) use named;

/// Every clause and law that a determination cites.
fn cited(determination: &v1::Determination) -> Vec<&str> {
    let findings = determination.findings.iter().map(|it| it.clause.as_str());
    let steps = determination.next_steps.iter().map(|it| it.clause.as_str());
    let limits = determination.clocks.iter().flat_map(|it| &it.limits);
    findings
        .chain(steps)
        .chain(limits.map(|it| it.source.trim_start_matches("MPUP3078 ")))
        .collect()
}

/// Checks the note of a row, as far as a program can read it.
fn check(file: &str, words: &str, determination: &v1::Determination) {
    let cited = cited(determination);
    for clause in CLAUSES.iter().map(|entry| entry.id) {
        if names(words, clause) {
            assert!(
                cited.contains(&clause),
                "{file}: {clause} is not in {cited:?}"
            );
        }
    }
    for (said, outcome) in [
        (" is not satisfied", v1::FindingOutcome::NotSatisfied),
        (" UNKNOWN", v1::FindingOutcome::Unknown),
    ] {
        for (before, _) in words.match_indices(said).map(|(at, _)| words.split_at(at)) {
            let clause = before.split_whitespace().last().expect("a clause");
            let found = determination
                .findings
                .iter()
                .any(|finding| finding.clause == clause && finding.outcome() == outcome);
            assert!(found, "{file}: {clause} is not {outcome:?}");
        }
    }
    for step in after(words, "the step ") {
        let kind = named!(NextStepKind, "NEXT_STEP_KIND", step);
        let open = determination.next_steps.iter().any(|it| it.kind() == kind);
        assert!(open, "{file}: the step {step} is not open");
    }
    for kind in after(words, "the clock ") {
        // `the clock with its limits` names none.
        if kind.chars().all(|c| c.is_ascii_uppercase() || c == '_') {
            let kind = named!(ClockKind, "CLOCK_KIND", kind);
            assert!(
                clock(determination, kind).is_some(),
                "{file}: no clock {kind:?}"
            );
        }
    }
    if names(words, "no clock") {
        assert_eq!(determination.clocks, [], "{file}");
    }
    if let Some((hours, _)) = words.split_once(" hours") {
        let hours: i64 = hours.parse().expect("a number of hours");
        let due = monday() + chrono::TimeDelta::hours(hours);
        let clock = clock(determination, v1::ClockKind::Determination).expect("a clock");
        assert_eq!(clock.due_at, Some(timestamp(due)), "{file}");
        assert_eq!(determination.urgency(), v1::Urgency::Urgent, "{file}");
    }
    if words.contains("the missing facts") {
        let unknown = |it: &v1::Finding| it.outcome() == v1::FindingOutcome::Unknown;
        assert!(determination.findings.iter().any(unknown), "{file}");
    }
}

fn clock(determination: &v1::Determination, kind: v1::ClockKind) -> Option<&v1::Clock> {
    determination.clocks.iter().find(|it| it.kind() == kind)
}

#[tokio::test]
async fn submission_has_the_state_of_its_row() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    for row in table(&HEADER).rows {
        let [file, state, recommendation, words] = &row[..] else {
            panic!("{row:?}")
        };
        let mut determination = submit(&mut client, file).await;
        assert_eq!(
            determination.state(),
            named!(State, "STATE", state),
            "{file}"
        );
        assert_eq!(
            determination.recommendation(),
            named!(Recommendation, "RECOMMENDATION", recommendation),
            "{file}"
        );
        if names(words, "after the decision") {
            let id = determination.determination_id;
            determination = change(&mut client, "IssueApproval", "approval.json", &id, &[])
                .await
                .expect("a decision");
        }
        check(file, words, &determination);
    }
}

#[tokio::test]
async fn evaluation_equals_submission_without_the_fields_of_record() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let mut policy = server.policy().await;
    let now: DateTime<Utc> = monday();
    for row in table(&HEADER).rows {
        let file = &row[0];
        let mut submitted = submit(&mut client, file).await;
        let stored = Some(timestamp(now));
        assert_eq!(
            (submitted.created_at, submitted.updated_at),
            (stored, stored)
        );
        submitted.determination_id.clear();
        submitted.etag.clear();
        submitted.created_at = None;
        submitted.updated_at = None;
        // An evaluation issues no letters.
        submitted.notices.clear();
        for as_of in [None::<Timestamp>, stored] {
            let evaluated = policy
                .evaluate_second_opinion(v1::EvaluateSecondOpinionRequest {
                    as_of,
                    ..example!(EvaluateSecondOpinionRequest, file, &[])
                })
                .await
                .unwrap_or_else(|status| panic!("{file}: {status:?}"));
            let evaluated = evaluated.into_inner().determination;
            assert_eq!(evaluated.as_deref(), Some(&submitted), "{file}");
        }
    }
    let before = server.store.head().await.expect("a head").position;
    assert_eq!(
        before,
        table(&HEADER).rows.len() as u64,
        "evaluating stores nothing"
    );
}
