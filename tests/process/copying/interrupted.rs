//! Interrupted copies: the next copy of the same source finishes the work, and no server shows a partial copy.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use second_opinion::wire::v1;
use tokio_postgres::Client;
use tonic::Code;

use super::source::{fill, next, watch};
use super::{assert_refused, copy, rows, store, url_of};
use crate::program::{Server, program, run, text};
use crate::support::messages::{get, second_opinion, submission};
use crate::support::postgres::Schema;

/// Starts a copy with batches of one row, so that it can be interrupted within every table.
fn start_copy(data: &Path, from: &Path, to: &str) -> Child {
    program(data)
        .args([
            "copy",
            "--batch-rows",
            "1",
            "--from",
            &url_of(from),
            "--to",
            to,
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program")
}

/// Waits until a copy is blocked by a lock of the test.
async fn wait_until_blocked(schema: &Schema, copy: &mut Child) {
    const SQL: &str = "SELECT count(*) FROM pg_stat_activity
        WHERE application_name = $1 AND state = 'active' AND wait_event_type = 'Lock'";
    let client = schema.client().await;
    for _ in 0..600 {
        let waiting = client
            .query_one(SQL, &[&schema.name])
            .await
            .expect("an answer");
        if waiting.get::<_, i64>(0) > 0 {
            return;
        }
        assert!(
            copy.try_wait().expect("a state").is_none(),
            "the copy exited"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the copy is not blocked");
}

/// Statements that block a copy in the middle of each table while their transaction is open. They insert a row with a key that is
/// still to be copied; the rows of `renderings` refer to others, so that table is locked.
fn blocking_statements(file: &Path) -> [String; 4] {
    let file = rusqlite::Connection::open(file).expect("the file");
    let middle = |key: &str, table: &str| -> String {
        let sql = format!(
            "SELECT {key} FROM {table} ORDER BY rowid LIMIT 1 OFFSET (SELECT count(*) / 2 FROM {table})"
        );
        file.query_row(&sql, [], |row| row.get(0)).expect("a key")
    };
    let case = middle("CAST(opened_at AS TEXT)", "cases");
    let letter = middle("hex(notice_id)", "notices");
    let event = middle("CAST(position AS TEXT)", "events");
    [
        format!(
            "INSERT INTO cases (opened_at, first_due_us, created_at_us, updated_at_us, last_position, version, state,
                 urgency, id, member_id, referral_number, treatment_authorization_number, head, command_head, snapshot)
             VALUES ({case}, 0, 0, 0, 0, 0, 0, 0, gen_random_uuid(), '', '', '', '', '', '')"
        ),
        format!("INSERT INTO notices VALUES ('{letter}', 0, '', '')"),
        "LOCK TABLE renderings IN SHARE MODE".to_owned(),
        format!(
            "INSERT INTO events (position, opened_at, occurred_at_us, state, urgency, kind, version, determination_id,
                 sha256, bytes)
             VALUES ({event}, 0, 0, 0, 0, 0, 0, gen_random_uuid(), '', '')"
        ),
    ]
}

/// The tables, in the order of the copy.
const TABLES: [&str; 4] = ["cases", "notices", "renderings", "events"];

/// The number of rows in each table.
async fn counts(client: &Client) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in TABLES {
        let sql = format!("SELECT count(*) FROM {table}");
        counts.push(client.query_one(&sql, &[]).await.expect("an answer").get(0));
    }
    counts
}

fn counts_of_file(file: &Path) -> Vec<i64> {
    let file = rusqlite::Connection::open(file).expect("the file");
    let count = |table| {
        let sql = format!("SELECT count(*) FROM {table}");
        file.query_row(&sql, [], |row| row.get(0))
            .expect("an answer")
    };
    TABLES.map(count).into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn killed_copy_to_postgres_resumes_from_the_same_source_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    fill(data).await;
    let file = data.join("as-it-was.db");
    let to_file = file.to_str().expect("a path");
    let backup = run(data, &["backup", "--to", to_file], "");
    assert_eq!(backup.status.code(), Some(0), "{}", text(&backup.stderr));
    let schema = Schema::migrated().await;
    let to = schema.url();
    let (mut blocker, client) = (schema.client().await, schema.client().await);
    let complete = counts_of_file(&file);
    let mut before = Vec::new();
    for (table, statement) in blocking_statements(&file).iter().enumerate() {
        let block = blocker.transaction().await.expect("a transaction");
        block.batch_execute(statement).await.expect("a block");
        let mut copying = start_copy(data, &file, &to);
        wait_until_blocked(&schema, &mut copying).await;
        copying.kill().expect("killed");
        copying.wait().expect("an exit");
        block.rollback().await.expect("a rollback");
        for command in [vec!["serve", "--listen", "127.0.0.1:0"], vec!["verify-log"]] {
            let arguments = [&["--store", to.as_str()][..], &command].concat();
            assert_refused(&run(data, &arguments, ""), 69, "is not finished");
        }
        // The tables before it are complete, it has some rows, and those after it have none.
        let after = counts(&client).await;
        assert_eq!(after[..table], complete[..table]);
        assert!(after[table] < complete[table], "{}", TABLES[table]);
        assert_eq!(after[table + 1..], [0; 4][table + 1..]);
        assert!(
            after[table] > 0 || TABLES[table] == "renderings",
            "{}",
            TABLES[table]
        );
        before = after;
    }

    let other = data.join("other");
    let empty = run(&other, &["migrate"], "");
    assert_eq!(empty.status.code(), Some(0));
    let error = "an unfinished copy of another store";
    assert_refused(&copy(data, &store(&other), &to), 69, error);
    // The same store, after a change.
    let server = Server::start(data);
    let mut caller = server.client(data).await;
    let sent = caller.submit_second_opinion(submission(second_opinion()));
    sent.await.expect("an answer");
    assert_eq!(server.terminate(), Some(0));
    assert_refused(&copy(data, &store(data), &to), 69, error);
    assert_eq!(
        counts(&client).await,
        before,
        "the refused copies changed nothing"
    );

    let finished = copy(data, &file, &to);
    let errors = text(&finished.stderr);
    assert_eq!(finished.status.code(), Some(0), "{errors}");
    let copied: i64 = before.iter().sum();
    assert!(errors.contains(&format!("{copied} of ")), "{errors}");
    rows::assert_equal(&file, &client).await;
    let unfinished = client.query("SELECT FROM copying", &[]).await;
    assert!(unfinished.expect("an answer").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn server_on_the_postgres_target_is_unavailable_until_the_copy_is_complete() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let expected = fill(data).await;
    let schema = Schema::migrated().await;
    let to = schema.url();
    let server = Server::start_with(data, &["--store", &to]);
    let mut client = server.client(data).await;
    let mut before = watch(&mut client, "0").await.expect("a stream");
    let [.., block_events] = blocking_statements(&store(data));
    let mut blocker = schema.client().await;
    let block = blocker.transaction().await.expect("a transaction");
    block.batch_execute(&block_events).await.expect("a block");
    let mut copying = start_copy(data, &store(data), &to);
    wait_until_blocked(&schema, &mut copying).await;
    assert_eq!(watch(&mut client, "0").await.err(), Some(Code::Unavailable));
    let sent = client.submit_second_opinion(submission(second_opinion()));
    assert_eq!(
        sent.await.expect_err("an unfinished copy").code(),
        Code::Unavailable
    );
    block.rollback().await.expect("a rollback");
    let copied = copying.wait_with_output().expect("an output");
    assert_eq!(copied.status.code(), Some(0), "{}", text(&copied.stderr));
    for place in &expected.log {
        let event = next(&mut before).await;
        assert_eq!(&(event.determination_id.clone(), event.version), place);
        // The case of an event is readable as soon as the event is.
        let case = get(&event.determination_id, v1::View::Basic);
        client.get_determination(case).await.expect("a case");
    }
    let sent = client.submit_second_opinion(submission(second_opinion()));
    let sent = sent
        .await
        .expect("an answer")
        .into_inner()
        .determination
        .expect("a determination");
    assert_eq!(
        next(&mut before).await.determination_id,
        sent.determination_id
    );
    assert_eq!(server.terminate(), Some(0));
}
