//! Commit groups on PostgreSQL: several processes on one log, and repeated requests.

use second_opinion::store::{Commit, CommitError, Store, verify_log};

use crate::postgres::replicas;
use crate::support::change::{Change, made};
use crate::support::postgres::Schema;
use crate::support::sample;

fn submission(n: u32) -> Commit {
    Change::new_case(sample::start()).submit(sample::request(n, sample::start()))
}

/// Counts the attempts to insert events, rolled back ones included: a sequence is never rolled back.
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
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn processes_take_turns_without_a_failed_statement() {
    let (schema, [one, other]) = replicas::<2>().await;
    count_attempts(&schema).await;
    let mut position = 0;
    for round in 0..6 {
        for _ in 0..=round {
            position += 1;
            assert_eq!(made(&*other, submission(round)).await.position, position);
        }
        for _ in 0..3 {
            position += 1;
            assert_eq!(made(&*one, submission(round)).await.position, position);
        }
    }
    // Each commit was a group of its own, inserted once.
    assert_eq!(
        u64::try_from(attempts(&schema).await).expect("a count"),
        position
    );
    let report = verify_log(&*one).await.expect("read");
    assert!(report.is_clean() && report.events == position, "{report:?}");
}

#[tokio::test]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn repeated_request_is_found_before_anything_is_written() {
    let (schema, [store, other]) = replicas::<2>().await;
    let first = submission(1);
    let replay = first.replay.clone();
    let id = made(&*store, first).await.event.header.determination_id;
    let theirs = submission(1);
    let their_replay = theirs.replay.clone();
    let their_id = made(&*other, theirs).await.event.header.determination_id;
    count_attempts(&schema).await;
    let head = store.head().await.expect("read");
    for (replay, id) in [(replay, id), (their_replay, their_id)] {
        let mut repeated = submission(2);
        repeated.replay = replay;
        match store.commit(repeated).await {
            Err(CommitError::Replayed(found)) => assert_eq!(found.determination_id, id),
            outcome => panic!("{outcome:?}"),
        }
    }
    assert_eq!(attempts(&schema).await, 0);
    assert_eq!(store.head().await.expect("read"), head);
    assert!(verify_log(&*store).await.expect("read").is_clean());
}

/// A promoted standby may lack the last commits, where none was waited for.
#[tokio::test]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn log_that_was_set_back_is_continued_behind_its_head() {
    let (schema, [store]) = replicas::<1>().await;
    for n in 0..3 {
        made(&*store, submission(n)).await;
    }
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
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn group_with_repeated_requests_commits_the_others() {
    let (_schema, [store]) = replicas::<1>().await;
    let first = submission(1);
    let replay = first.replay.clone();
    made(&*store, first).await;
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
    assert_eq!(positions, (2..37).collect::<Vec<u64>>());
    assert!(verify_log(&*store).await.expect("read").is_clean());
}
