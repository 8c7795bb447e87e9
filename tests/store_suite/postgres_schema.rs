//! PostgreSQL's schema: its migration, its check, and the rights of its users.

use futures::future::join_all;
use second_opinion::store::postgres::{self, PostgresStore};
use second_opinion::store::{Store as _, StoreError, verify_log};

use crate::open_cases::filled_with_urgent;
use crate::postgres::replicas;
use crate::support::postgres::Schema;
use crate::support::sample;
use crate::verification::filled;

#[tokio::test]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn concurrent_migrations_apply_each_version_once() {
    let schema = Schema::empty().await;
    let url = schema.url();
    let begun = join_all((0..4).map(|_| postgres::migrate(&url))).await;
    let mut applied: Vec<u32> = begun
        .into_iter()
        .flat_map(|applied| applied.expect("migrated"))
        .collect();
    applied.sort_unstable();
    assert_eq!(applied, [1, 2, 3, 4, 5]);
    assert!(postgres::migrate(&url).await.expect("migrated").is_empty());
}

/// A database from before open cases had columns of their own.
#[tokio::test]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn open_cases_of_an_older_database_are_counted_after_migration() {
    let (schema, [store]) = replicas::<1>().await;
    filled_with_urgent(&*store).await;
    let expected = store.open_cases(sample::start()).await.expect("read");
    schema
        .execute(
            "ALTER TABLE cases DROP COLUMN determination_due_us, DROP COLUMN member_notification_due_us,
                 DROP COLUMN provider_notification_due_us, DROP COLUMN undecided_since_us;
             DELETE FROM refinery_schema_history WHERE version = 5",
        )
        .await;
    for _ in 0..2 {
        postgres::migrate(&schema.url()).await.expect("migrated");
        let counted = store.open_cases(sample::start()).await.expect("read");
        assert_eq!(counted, expected);
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn unknown_schema_is_refused() {
    let changes = [
        (
            "INSERT INTO refinery_schema_history VALUES (99, 'later', '2026-01-01T00:00:00Z', '1')",
            "version 99",
        ),
        (
            "UPDATE refinery_schema_history SET checksum = '1'",
            "version 1",
        ),
        (
            "DROP TABLE refinery_schema_history",
            "tables of another program",
        ),
    ];
    for (change, said) in changes {
        let schema = Schema::migrated().await;
        schema.execute(change).await;
        let url = schema.url();
        let refusals = [
            PostgresStore::open(&url).await.err(),
            PostgresStore::open_read_only(&url).await.err(),
            postgres::migrate(&url).await.err(),
        ];
        for refusal in refusals {
            let Some(StoreError::Schema(why)) = refusal else {
                panic!("{change}: {refusal:?}");
            };
            assert!(why.contains(said), "{why}");
        }
    }
    // Only `migrate` changes a schema.
    let schema = Schema::empty().await;
    let refused = PostgresStore::open(&schema.url()).await.err();
    assert!(
        matches!(&refused, Some(StoreError::Schema(why)) if why.contains("second-opinion migrate")),
        "{refused:?}"
    );
    schema
        .execute(&format!("DROP SCHEMA {}", schema.name))
        .await;
    for refused in [
        PostgresStore::open(&schema.url()).await.err(),
        postgres::migrate(&schema.url()).await.err(),
    ] {
        assert!(
            matches!(refused, Some(StoreError::Schema(_))),
            "{refused:?}"
        );
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn record_tables_refuse_changes() {
    let (schema, [store]) = replicas::<1>().await;
    filled(&*store).await;
    let client = schema.client().await;
    for table in ["events", "notices", "renderings"] {
        for change in [
            format!("UPDATE {table} SET bytes = bytes"),
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table} CASCADE"),
        ] {
            let refused = client.batch_execute(&change).await.expect_err(&change);
            let said = refused.as_db_error().expect("an answer").message();
            assert!(said.contains("never changed or removed"), "{said}");
        }
    }
}

/// The grants of `docs/postgresql.md`.
#[tokio::test]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn server_needs_no_right_to_change_the_record() {
    let schema = Schema::migrated().await;
    let name = &schema.name;
    schema
        .execute(&format!(
            "CREATE ROLE {name} LOGIN;
             GRANT USAGE ON SCHEMA {name} TO {name};
             GRANT SELECT ON ALL TABLES IN SCHEMA {name} TO {name};
             GRANT INSERT ON events, cases, notices, renderings TO {name};
             GRANT UPDATE ON cases, log_head TO {name}"
        ))
        .await;
    let url = schema.url().replace("postgres@", &format!("{name}@"));
    let store = PostgresStore::open(&url).await.expect("a store");
    filled(&store).await;
    let report = verify_log(&store).await.expect("read");
    assert!(report.is_clean() && report.events == 24);
    crate::letters::first_rendering_is_returned_from_then_on(store.into()).await;
    schema
        .execute(&format!("DROP OWNED BY {name}; DROP ROLE {name}"))
        .await;
}
