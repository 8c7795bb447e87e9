//! A copy that is cut anywhere is finished by the next one, of the same store alone, and no one sees a part of it.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use second_opinion::wire::v1;
use tokio_postgres::Client;
use tonic::Code;

use super::source::{filled, next, watch};
use super::{copy, refused, rows, store, url_of};
use crate::program::{Server, program, run, text};
use crate::support::messages::{get, second_opinion, submission};
use crate::support::postgres::Schema;

/// A copy in batches so small that it can be cut within every table.
fn begun(data: &Path, from: &Path, to: &str) -> Child {
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

/// Waits until a copy waits for what the test holds.
async fn held_up(schema: &Schema, copy: &mut Child) {
    const SQL: &str = "SELECT count(*) FROM pg_stat_activity
        WHERE application_name = $1 AND state = 'active' AND wait_event_type = 'Lock'";
    let client = schema.client().await;
    for _ in 0..600 {
        let waiting = client.query_one(SQL, &[&schema.name]).await.expect("it");
        if waiting.get::<_, i64>(0) > 0 {
            return;
        }
        assert!(copy.try_wait().expect("a state").is_none(), "it has ended");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the copy does not come there");
}

/// Statements after which a copy waits in the middle of a table, for as long as their transaction is open: for a row
/// with a key that is to come, or, where such a row needs another one, for the table.
fn in_the_way(file: &Path) -> [String; 4] {
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

/// The tables in the order in which they are copied.
const TABLES: [&str; 4] = ["cases", "notices", "renderings", "events"];

/// As many rows as there are of each table.
async fn counts(client: &Client) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in TABLES {
        let sql = format!("SELECT count(*) FROM {table}");
        counts.push(client.query_one(&sql, &[]).await.expect("it").get(0));
    }
    counts
}

fn counts_of_file(file: &Path) -> Vec<i64> {
    let file = rusqlite::Connection::open(file).expect("the file");
    let count = |table| {
        let sql = format!("SELECT count(*) FROM {table}");
        file.query_row(&sql, [], |row| row.get(0)).expect("it")
    };
    TABLES.map(count).into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn killed_copy_to_postgres_resumes_from_the_same_source_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    filled(data).await;
    let file = data.join("as-it-was.db");
    let to_file = file.to_str().expect("a path");
    let backup = run(data, &["backup", "--to", to_file], "");
    assert_eq!(backup.status.code(), Some(0), "{}", text(&backup.stderr));
    let schema = Schema::migrated().await;
    let to = schema.url();
    let (mut way, client) = (schema.client().await, schema.client().await);
    let whole = counts_of_file(&file);
    let mut before = Vec::new();
    for (table, statement) in in_the_way(&file).iter().enumerate() {
        let held = way.transaction().await.expect("a transaction");
        held.batch_execute(statement).await.expect("in the way");
        let mut copying = begun(data, &file, &to);
        held_up(&schema, &mut copying).await;
        copying.kill().expect("killed");
        copying.wait().expect("gone");
        held.rollback().await.expect("out of the way");
        for command in [vec!["serve", "--listen", "127.0.0.1:0"], vec!["verify-log"]] {
            let arguments = [&["--store", to.as_str()][..], &command].concat();
            refused(&run(data, &arguments, ""), 69, "is not finished");
        }
        // What comes before it is there, of it some, and nothing of what comes after it.
        let after = counts(&client).await;
        assert_eq!(after[..table], whole[..table]);
        assert!(after[table] < whole[table], "{}", TABLES[table]);
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
    let another = "an unfinished copy of another store";
    refused(&copy(data, &store(&other), &to), 69, another);
    // The source itself, once it has moved on.
    let server = Server::start(data);
    let mut caller = server.client(data).await;
    let sent = caller.submit_second_opinion(submission(second_opinion()));
    sent.await.expect("it");
    assert_eq!(server.terminate(), Some(0));
    refused(&copy(data, &store(data), &to), 69, another);
    assert_eq!(counts(&client).await, before, "they changed nothing");

    let finished = copy(data, &file, &to);
    let said = text(&finished.stderr);
    assert_eq!(finished.status.code(), Some(0), "{said}");
    let there: i64 = before.iter().sum();
    assert!(said.contains(&format!("{there} of ")), "{said}");
    rows::the_same(&file, &client).await;
    let left = client.query("SELECT FROM copying", &[]).await;
    assert!(left.expect("it").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn server_on_the_postgres_target_is_unavailable_until_the_copy_is_complete() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let told = filled(data).await;
    let schema = Schema::migrated().await;
    let to = schema.url();
    let server = Server::start_with(data, &["--store", &to]);
    let mut client = server.client(data).await;
    let mut before = watch(&mut client, "0").await.expect("a stream");
    let [.., in_the_way] = in_the_way(&store(data));
    let mut way = schema.client().await;
    let held = way.transaction().await.expect("a transaction");
    held.batch_execute(&in_the_way).await.expect("in the way");
    let mut copying = begun(data, &store(data), &to);
    held_up(&schema, &mut copying).await;
    assert_eq!(watch(&mut client, "0").await.err(), Some(Code::Unavailable));
    let sent = client.submit_second_opinion(submission(second_opinion()));
    assert_eq!(sent.await.expect_err("no").code(), Code::Unavailable);
    held.rollback().await.expect("out of the way");
    let copied = copying.wait_with_output().expect("an output");
    assert_eq!(copied.status.code(), Some(0), "{}", text(&copied.stderr));
    for expected in &told.log {
        let event = next(&mut before).await;
        assert_eq!(&(event.determination_id.clone(), event.version), expected);
        // Whoever hears of an event finds its case.
        let case = get(&event.determination_id, v1::View::Basic);
        client.get_determination(case).await.expect("its case");
    }
    let sent = client.submit_second_opinion(submission(second_opinion()));
    let sent = sent
        .await
        .expect("it")
        .into_inner()
        .determination
        .expect("it");
    assert_eq!(
        next(&mut before).await.determination_id,
        sent.determination_id
    );
    assert_eq!(server.terminate(), Some(0));
}
