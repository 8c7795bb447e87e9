//! What becomes of a group that is sent on the expectation that no other process has written meanwhile?

use second_opinion::store::postgres::PostgresStore;
use second_opinion::store::{Commit, CommitError, Store, StoreError, verify_log};

use crate::postgres::{failing, replicas};
use crate::support::change::{Change, made, submitted};
use crate::support::postgres::Schema;
use crate::support::sample;

fn submission(n: u32) -> Commit {
    Change::new_case(sample::start()).submit(sample::request(n, sample::start()))
}

/// A process that has found twice what it left expects the third group to find it too.
async fn has_written_alone(store: &PostgresStore) {
    for n in 0..3 {
        made(store, submission(n)).await;
    }
}

/// Counts the attempts to insert events, those that are undone too: what a sequence gives is never taken back.
async fn count_attempts(schema: &Schema) {
    schema
        .execute(
            "CREATE SEQUENCE attempts MINVALUE 0 START 0; SELECT nextval('attempts');
             CREATE FUNCTION counts() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
                 PERFORM nextval('attempts'); RETURN NULL;
             END$$;
             CREATE TRIGGER counts BEFORE INSERT ON events FOR EACH STATEMENT EXECUTE FUNCTION counts()",
        )
        .await;
}

async fn attempts(schema: &Schema) -> i64 {
    let client = schema.client().await;
    let row = client
        .query_one("SELECT last_value FROM attempts", &[])
        .await;
    row.expect("a count").get(0)
}

#[tokio::test]
async fn a_process_that_wrote_alone_goes_on_behind_another_one() {
    needs_postgres!();
    let (_schema, [one, other]) = replicas::<2>().await;
    has_written_alone(&one).await;
    let mut position = 3;
    for round in 0..6 {
        // Sometimes the other one writes as many that it too expects to be alone.
        for _ in 0..=round {
            position += 1;
            assert_eq!(made(&*other, submission(round)).await.position, position);
        }
        for _ in 0..3 {
            position += 1;
            assert_eq!(made(&*one, submission(round)).await.position, position);
        }
    }
    let report = verify_log(&*one).await.expect("read");
    assert!(report.is_clean() && report.events == position, "{report:?}");
}

#[tokio::test]
async fn a_request_that_was_made_before_is_found_all_the_same() {
    needs_postgres!();
    let (schema, [store, other]) = replicas::<2>().await;
    let first = submission(1);
    let replay = first.replay.clone();
    let id = made(&*store, first).await.event.header.determination_id;
    let theirs = submission(1);
    let their_replay = theirs.replay.clone();
    let their_id = made(&*other, theirs).await.event.header.determination_id;
    for (replay, id) in [(replay, id), (their_replay, their_id)] {
        has_written_alone(&store).await;
        let head = store.head().await.expect("read");
        let mut repeated = submission(2);
        repeated.replay = replay;
        count_attempts(&schema).await;
        match store.commit(repeated).await {
            Err(CommitError::Replayed(found)) => assert_eq!(found.determination_id, id),
            outcome => panic!("{outcome:?}"),
        }
        // It was expected to be new, and undone; then it was looked for.
        assert_eq!(attempts(&schema).await, 1);
        assert_eq!(store.head().await.expect("read"), head);
        schema
            .execute("DROP TRIGGER counts ON events; DROP FUNCTION counts; DROP SEQUENCE attempts")
            .await;
    }
    assert!(verify_log(&*store).await.expect("read").is_clean());
}

/// A standby that was promoted may not have had the last commits, where none was waited for.
#[tokio::test]
async fn a_log_that_was_set_back_is_written_on_behind_its_head() {
    needs_postgres!();
    let (schema, [store]) = replicas::<1>().await;
    has_written_alone(&store).await;
    schema
        .execute("CREATE TABLE earlier AS SELECT * FROM log_head")
        .await;
    made(&*store, submission(4)).await;
    schema
        .execute(
            "SET session_replication_role = replica;
             DELETE FROM events WHERE position = 4; DELETE FROM cases WHERE opened_at = 4;
             UPDATE log_head l SET position = e.position, digest = e.digest FROM earlier e",
        )
        .await;
    assert_eq!(made(&*store, submission(5)).await.position, 4);
    assert!(verify_log(&*store).await.expect("read").is_clean());
}

#[tokio::test]
async fn whoever_shares_a_group_with_a_repeated_request_is_written() {
    needs_postgres!();
    let (_schema, [store]) = replicas::<1>().await;
    let first = submission(1);
    let replay = first.replay.clone();
    made(&*store, first).await;
    has_written_alone(&store).await;
    let sent = (0..40).map(|n| {
        let mut commit = submission(n);
        if n % 8 == 0 {
            commit.replay.clone_from(&replay);
        }
        store.commit(commit)
    });
    let outcomes = futures::future::join_all(sent).await;
    let mut positions = Vec::new();
    for (n, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            Ok(committed) if n % 8 > 0 => positions.push(committed.position),
            Err(CommitError::Replayed(_)) if n % 8 == 0 => {}
            outcome => panic!("{n}: {outcome:?}"),
        }
    }
    positions.sort_unstable();
    assert_eq!(positions, (5..40).collect::<Vec<u64>>());
    assert!(verify_log(&*store).await.expect("read").is_clean());
}

#[tokio::test]
async fn what_fails_otherwise_is_told_or_tried_again_as_ever() {
    needs_postgres!();
    let (schema, [store]) = replicas::<1>().await;
    has_written_alone(&store).await;
    failing(&schema, 1, "P0001").await;
    let refused = store.commit(submission(1)).await;
    assert!(
        matches!(refused, Err(CommitError::Store(StoreError::Unavailable(_)))),
        "{refused:?}"
    );
    has_written_alone(&store).await;
    schema
        .execute("DROP TRIGGER fails ON events; DROP FUNCTION fails; DROP SEQUENCE failures")
        .await;
    failing(&schema, 2, "40001").await;
    submitted(&*store, 1, sample::start()).await;
    let report = verify_log(&*store).await.expect("read");
    assert!(report.is_clean() && report.events == 7, "{report:?}");
}
