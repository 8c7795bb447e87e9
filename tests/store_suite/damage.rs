//! Is damage to the file found, and named by case and version?

use second_opinion::store::sqlite::SqliteStore;
use second_opinion::store::{Finding, LogReport, Problem, Store, verify_log};

use crate::proof::filled;
use crate::sqlite::{folder, open, raw};

/// A filled file, damaged by one who knows how, and proved.
async fn damaged(change: &str) -> LogReport {
    let folder = folder();
    let path = folder.path().join("cases.db");
    let store = open(&path);
    filled(&store).await;
    store.close().await;
    let connection = raw(&path);
    connection
        .execute_batch(
            "DROP TRIGGER events_are_never_changed; DROP TRIGGER events_are_never_removed;
             DROP TRIGGER notices_are_never_changed; DROP TRIGGER notices_are_never_removed;",
        )
        .expect("without triggers");
    connection.execute_batch(change).expect("changed");
    drop(connection);
    let store = SqliteStore::open_read_only(&path).expect("a reader");
    verify_log(&store).await.expect("read")
}

/// The determination's version and position of each finding, with its problem.
fn found(report: &LogReport) -> Vec<(Option<u32>, Option<u64>, &Problem)> {
    report
        .findings
        .iter()
        .map(|finding| (finding.version, finding.position, &finding.problem))
        .collect()
}

#[tokio::test]
async fn one_changed_byte_is_found_with_its_case_and_version() {
    // Position 4 is the first event of the third case, which position 5 approves.
    let report = damaged(
        "UPDATE events SET bytes = CAST(replace(CAST(bytes AS TEXT), 'Sample Member', 'Simple Member') AS BLOB)
         WHERE position = 4",
    )
    .await;
    let [
        Finding {
            determination_id: Some(id),
            version: Some(1),
            position: Some(4),
            problem: Problem::Event(_),
        },
    ] = report.findings.as_slice()
    else {
        panic!("{:?}", report.findings);
    };
    assert!(!id.is_nil());
    let said = report.findings[0].to_string();
    assert!(
        said.contains(&id.to_string()) && said.contains("version 1"),
        "{said}"
    );
    assert!(!said.contains("Member"), "{said}");
}

#[tokio::test]
async fn a_changed_digest_is_found_three_times_over() {
    let report = damaged("UPDATE events SET sha256 = zeroblob(32) WHERE position = 4").await;
    let found = found(&report);
    assert!(matches!(found[0], (Some(1), Some(4), Problem::Event(_))));
    assert!(matches!(found[1], (Some(2), Some(5), Problem::Chain)));
    assert!(matches!(found[2], (None, Some(24), Problem::Digest(_))));
}

#[tokio::test]
async fn a_missing_tail_is_found() {
    let report = damaged("DELETE FROM events WHERE position = 24").await;
    let found = found(&report);
    assert!(
        found.contains(&(None, Some(23), &Problem::Tail(24))),
        "{found:?}"
    );
    let by_case = |finding: &Finding| {
        finding.determination_id.is_some()
            && finding.version == Some(3)
            && matches!(&finding.problem, Problem::Unreadable(_))
    };
    assert!(report.findings.iter().any(by_case), "{found:?}");
}

#[tokio::test]
async fn a_missing_event_is_found() {
    let report = damaged("DELETE FROM events WHERE position = 5").await;
    let found = found(&report);
    assert!(
        matches!(found[0], (Some(1), Some(6), Problem::Gap(1))),
        "{found:?}"
    );
    assert!(
        found.iter().any(|(version, _, problem)| *version == Some(2)
            && matches!(problem, Problem::Unreadable(_))),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_removed_case_is_found() {
    let report = damaged("DELETE FROM cases WHERE opened_at = 4").await;
    let missing = |finding: &&Finding| finding.problem == Problem::CaseMissing;
    assert_eq!(report.findings.iter().filter(missing).count(), 1);
    assert!(
        report
            .findings
            .iter()
            .all(|finding| finding.determination_id.is_some())
    );
    // With its events too: the head remembers.
    let report = damaged(
        "DELETE FROM events WHERE opened_at = 4; DELETE FROM notices WHERE opened_at = 4;
         DELETE FROM cases WHERE opened_at = 4",
    )
    .await;
    let found = found(&report);
    assert!(
        matches!(found[0], (Some(1), Some(6), Problem::Gap(2))),
        "{found:?}"
    );
    assert!(
        matches!(found[1], (None, Some(24), Problem::Digest(_))),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_case_without_events_is_found() {
    let report = damaged(
        "INSERT INTO cases SELECT 999, zeroblob(16), version, state, urgency, first_due_us, due_at_us, member_id,
             '', '', created_at_us, updated_at_us, head, command_head, 999, snapshot, sweep_at_us FROM cases WHERE opened_at = 1",
    )
    .await;
    assert_eq!(report.found, 1, "{:?}", report.findings);
}

#[tokio::test]
async fn a_case_that_is_not_what_its_events_say_is_found() {
    let changes = [
        // The file of another case, still pending, stands where an approved one should.
        (
            "UPDATE cases SET snapshot = (SELECT snapshot FROM cases WHERE opened_at = 1) WHERE opened_at = 4",
            Problem::Fold("state"),
        ),
        (
            "UPDATE cases SET created_at_us = 1 WHERE opened_at = 4",
            Problem::Fold("instant of creation"),
        ),
        (
            "UPDATE cases SET command_head = zeroblob(32) WHERE opened_at = 4",
            Problem::Fold("last digest by a caller"),
        ),
        (
            "UPDATE cases SET head = zeroblob(32) WHERE opened_at = 4",
            Problem::Fold("last digest"),
        ),
        (
            "UPDATE cases SET version = 1 WHERE opened_at = 4",
            Problem::Fold("version"),
        ),
        (
            "UPDATE events SET kind = 1 WHERE position = 5",
            Problem::Row("the kind"),
        ),
        (
            "UPDATE events SET occurred_at_us = 1 WHERE position = 5",
            Problem::Row("the instant"),
        ),
    ];
    for (change, problem) in changes {
        let report = damaged(change).await;
        let [finding] = report.findings.as_slice() else {
            panic!("{change}: {:?}", report.findings);
        };
        assert_eq!(finding.problem, problem, "{change}");
        assert!(finding.determination_id.is_some() && finding.version.is_some());
    }
}

#[tokio::test]
async fn a_changed_or_missing_letter_is_found() {
    let changed = damaged("UPDATE notices SET bytes = x'7b7d' WHERE rowid = 1").await;
    assert!(matches!(
        found(&changed).as_slice(),
        [(Some(2), None, Problem::Notice(_))]
    ));
    let missing = damaged("DELETE FROM notices WHERE rowid = 1").await;
    assert!(matches!(
        found(&missing).as_slice(),
        [(Some(2), None, Problem::NoticeMissing(_))]
    ));
}

#[tokio::test]
async fn what_cannot_be_read_is_damage_and_no_panic() {
    for change in [
        "UPDATE cases SET head = x'00' WHERE opened_at = 4",
        "UPDATE cases SET snapshot = x'', last_position = 77 WHERE opened_at = 4",
        "UPDATE events SET kind = 77 WHERE position = 4",
        "UPDATE events SET determination_id = x'00' WHERE position = 4",
        "UPDATE events SET previous_position = 5 WHERE position = 5",
        "UPDATE cases SET created_at_us = 9223372036854775807 WHERE opened_at = 4",
        "UPDATE notices SET reference = 'none' WHERE rowid = 1",
    ] {
        let report = damaged(change).await;
        assert!(!report.is_clean(), "{change}");
        assert!(
            !format!("{:?}", report.findings).contains("Sample"),
            "{change}"
        );
    }
}
