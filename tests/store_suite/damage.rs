//! Verification of a damaged store: each finding names the case and the version.

use second_opinion::store::sqlite::SqliteStore;
use second_opinion::store::{Finding, LogReport, Problem, Store, verify_log};

use crate::sqlite::{folder, open, raw};
use crate::support::postgres::Schema;
use crate::verification::filled;

/// A store that can be damaged by its database's SQL.
pub trait DamagedStore {
    /// A digest of zeros.
    const ZERO: &'static str;
    /// Bytes from their hexadecimal digits.
    fn bytes(digits: &str) -> String;
    /// The condition for the first stored letter.
    const FIRST_LETTER: &'static str;
    /// The bytes of an event with another name in them.
    const RENAMED: &'static str;
    /// Stores a case that has no events.
    const WITHOUT_EVENTS: &'static str;
    /// Changes that this database accepts and no version of ours can read.
    const FURTHER: &'static [&'static str];

    /// Fills a store, damages it by a change, and verifies it.
    async fn verify_after(change: &str) -> LogReport;
}

pub struct SqliteFile;

impl DamagedStore for SqliteFile {
    const ZERO: &'static str = "zeroblob(32)";
    const FIRST_LETTER: &'static str = "rowid = 1";
    const RENAMED: &'static str =
        "CAST(replace(CAST(bytes AS TEXT), 'Sample Member', 'Simple Member') AS BLOB)";
    const WITHOUT_EVENTS: &'static str =
        "INSERT INTO cases (opened_at, id, version, state, urgency, first_due_us, due_at_us, member_id, referral_number,
             treatment_authorization_number, created_at_us, updated_at_us, head, command_head, last_position, snapshot)
         SELECT 999, zeroblob(16), version, state, urgency, first_due_us, due_at_us, member_id, '', '', created_at_us,
             updated_at_us, head, command_head, 999, snapshot FROM cases WHERE opened_at = 1";
    const FURTHER: &'static [&'static str] =
        &["UPDATE events SET determination_id = x'00' WHERE position = 4"];

    fn bytes(digits: &str) -> String {
        format!("x'{digits}'")
    }

    async fn verify_after(change: &str) -> LogReport {
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
}

pub struct PostgresSchema;

impl DamagedStore for PostgresSchema {
    const ZERO: &'static str = "decode(repeat('00', 32), 'hex')";
    const FIRST_LETTER: &'static str = "ctid = '(0,1)'";
    const RENAMED: &'static str = "convert_to(replace(convert_from(bytes, 'UTF8'), 'Sample Member', 'Simple Member'), 'UTF8')";
    const WITHOUT_EVENTS: &'static str =
        "INSERT INTO cases (opened_at, first_due_us, due_at_us, created_at_us, updated_at_us, last_position, version,
             state, urgency, id, member_id, referral_number, treatment_authorization_number, head, command_head, snapshot)
         SELECT 999, first_due_us, due_at_us, created_at_us, updated_at_us, 999, version, state, urgency,
             '00000000-0000-0000-0000-000000000000', member_id, '', '', head, command_head, snapshot
         FROM cases WHERE opened_at = 1";
    const FURTHER: &'static [&'static str] = &["UPDATE cases SET version = -1 WHERE opened_at = 4"];

    fn bytes(digits: &str) -> String {
        format!("'\\x{digits}'")
    }

    async fn verify_after(change: &str) -> LogReport {
        let schema = Schema::migrated().await;
        let store = schema.store().await;
        filled(&store).await;
        store.close().await;
        schema
            .execute(&format!(
                "DROP TRIGGER events_are_the_record ON events; DROP TRIGGER notices_are_the_record ON notices; {change}"
            ))
            .await;
        let store = schema.reader().await;
        verify_log(&store).await.expect("read")
    }
}

/// Every test, on each kind of store.
macro_rules! damage {
    ($($test:ident)*) => {
        mod on_sqlite {
            $(
                #[tokio::test]
                async fn $test() {
                    super::$test::<super::SqliteFile>().await;
                }
            )*
        }
        mod on_postgres {
            $(
                #[tokio::test]
                #[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
                async fn $test() {
                    super::$test::<super::PostgresSchema>().await;
                }
            )*
        }
    };
}

damage! {
    changed_byte_is_found_with_its_case_and_version
    changed_digest_is_found_in_event_chain_and_head
    missing_tail_is_found
    missing_event_is_found
    removed_case_is_found
    case_without_events_is_found
    case_that_differs_from_its_events_is_found
    changed_or_missing_letter_is_found
    unreadable_value_is_a_finding_and_no_panic
}

/// The determination's version and position of each finding, with its problem.
fn found(report: &LogReport) -> Vec<(Option<u32>, Option<u64>, &Problem)> {
    report
        .findings
        .iter()
        .map(|finding| (finding.version, finding.position, &finding.problem))
        .collect()
}

async fn changed_byte_is_found_with_its_case_and_version<D: DamagedStore>() {
    // Position 4 is the first event of the third case, which position 5 approves.
    let change = format!(
        "UPDATE events SET bytes = {} WHERE position = 4",
        D::RENAMED
    );
    let report = D::verify_after(&change).await;
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

async fn changed_digest_is_found_in_event_chain_and_head<D: DamagedStore>() {
    let report = D::verify_after(&format!(
        "UPDATE events SET sha256 = {} WHERE position = 4",
        D::ZERO
    ))
    .await;
    let found = found(&report);
    assert!(matches!(found[0], (Some(1), Some(4), Problem::Event(_))));
    assert!(matches!(found[1], (Some(2), Some(5), Problem::Chain)));
    assert!(matches!(found[2], (None, Some(24), Problem::Digest(_))));
}

async fn missing_tail_is_found<D: DamagedStore>() {
    let report = D::verify_after("DELETE FROM events WHERE position = 24").await;
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

async fn missing_event_is_found<D: DamagedStore>() {
    let report = D::verify_after("DELETE FROM events WHERE position = 5").await;
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

async fn removed_case_is_found<D: DamagedStore>() {
    let report = D::verify_after("DELETE FROM cases WHERE opened_at = 4").await;
    let missing = |finding: &&Finding| finding.problem == Problem::CaseMissing;
    assert_eq!(report.findings.iter().filter(missing).count(), 1);
    assert!(
        report
            .findings
            .iter()
            .all(|finding| finding.determination_id.is_some())
    );
    // With its events too: the head's digest covers them.
    let report = D::verify_after(
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

async fn case_without_events_is_found<D: DamagedStore>() {
    let report = D::verify_after(D::WITHOUT_EVENTS).await;
    assert_eq!(report.found, 1, "{:?}", report.findings);
}

async fn case_that_differs_from_its_events_is_found<D: DamagedStore>() {
    let changes = [
        // The snapshot of a pending case in the row of an approved one.
        (
            "UPDATE cases SET snapshot = (SELECT snapshot FROM cases WHERE opened_at = 1) WHERE opened_at = 4",
            Problem::Fold("state"),
        ),
        (
            "UPDATE cases SET created_at_us = 1 WHERE opened_at = 4",
            Problem::Fold("instant of creation"),
        ),
        (
            "UPDATE cases SET command_head = ZERO WHERE opened_at = 4",
            Problem::Fold("last digest by a caller"),
        ),
        (
            "UPDATE cases SET head = ZERO WHERE opened_at = 4",
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
        let report = D::verify_after(&change.replace("ZERO", D::ZERO)).await;
        let [finding] = report.findings.as_slice() else {
            panic!("{change}: {:?}", report.findings);
        };
        assert_eq!(finding.problem, problem, "{change}");
        assert!(finding.determination_id.is_some() && finding.version.is_some());
    }
}

async fn changed_or_missing_letter_is_found<D: DamagedStore>() {
    let (first, braces) = (D::FIRST_LETTER, D::bytes("7b7d"));
    let changed = D::verify_after(&format!(
        "UPDATE notices SET bytes = {braces} WHERE {first}"
    ))
    .await;
    assert!(matches!(
        found(&changed).as_slice(),
        [(Some(2), None, Problem::Notice(_))]
    ));
    let missing = D::verify_after(&format!("DELETE FROM notices WHERE {first}")).await;
    assert!(matches!(
        found(&missing).as_slice(),
        [(Some(2), None, Problem::NoticeMissing(_))]
    ));
}

async fn unreadable_value_is_a_finding_and_no_panic<D: DamagedStore>() {
    let (byte, none, first) = (D::bytes("00"), D::bytes(""), D::FIRST_LETTER);
    let mut changes = vec![
        format!("UPDATE cases SET head = {byte} WHERE opened_at = 4"),
        format!("UPDATE cases SET snapshot = {none}, last_position = 77 WHERE opened_at = 4"),
        "UPDATE events SET kind = 77 WHERE position = 4".to_owned(),
        "UPDATE events SET previous_position = 5 WHERE position = 5".to_owned(),
        "UPDATE cases SET created_at_us = 9223372036854775807 WHERE opened_at = 4".to_owned(),
        format!("UPDATE notices SET reference = 'none' WHERE {first}"),
    ];
    changes.extend(D::FURTHER.iter().map(|change| (*change).to_owned()));
    for change in changes {
        let report = D::verify_after(&change).await;
        assert!(!report.is_clean(), "{change}");
        assert!(
            !format!("{:?}", report.findings).contains("Sample"),
            "{change}"
        );
    }
}
