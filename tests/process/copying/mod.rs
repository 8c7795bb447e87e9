//! `copy`: is everything there, once, as it was, whatever happens on the way? And what is refused?

mod cut;
mod rows;
mod source;

use std::path::{Path, PathBuf};
use std::process::Output;

use crate::program::{Server, run, text};
use crate::support::messages::{second_opinion, submission};
use crate::support::postgres::Schema;
use source::{determination, filled, next, watch};

fn store(data: &Path) -> PathBuf {
    data.join("second-opinion.db")
}

fn url_of(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

fn copy(data: &Path, from: &Path, to: &str) -> Output {
    run(data, &["copy", "--from", &url_of(from), "--to", to], "")
}

/// Refused, and for this reason.
fn refused(output: &Output, code: i32, said: &str) {
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(stderr.contains(said), "{said}: {stderr}");
    assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn copy_to_postgres_is_complete_and_can_be_served() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let told = filled(data).await;
    let schema = Schema::migrated().await;
    let (file, to) = (store(data), schema.url());
    let copied = copy(data, &file, &to);
    let said = text(&copied.stderr);
    assert_eq!(copied.status.code(), Some(0), "{said}");
    assert!(said.contains("every row is copied and verified"), "{said}");
    let counted = text(&copied.stdout);
    let cases = told.cases.len();
    assert!(
        counted.contains(&format!("{cases} determinations")),
        "{counted}"
    );
    let letters = told.letters.len();
    assert!(
        counted.contains(&format!("{letters} renderings")),
        "{counted}"
    );
    rows::the_same(&file, &schema.client().await).await;
    let digest = counted.lines().last().expect("a digest");
    for place in [&url_of(&file), &to] {
        let proved = run(data, &["--store", place, "verify-log"], "");
        assert_eq!(proved.status.code(), Some(0), "{}", text(&proved.stderr));
        assert_eq!(text(&proved.stdout).trim(), digest);
    }

    let server = Server::start_with(data, &["--store", &to]);
    let mut client = server.client(data).await;
    for case in &told.cases {
        let held = determination(&mut client, &case.determination_id).await;
        assert_eq!(held.etag, case.etag);
        assert_eq!(&held, case);
    }
    for (request, expected) in &told.letters {
        let letter = client.get_notice(request.clone()).await;
        assert_eq!(&letter.expect("a letter").into_inner(), expected);
    }
    let (request, answer) = told.denial;
    let again = client.issue_denial(request).await;
    assert_eq!(again.expect("the first answer").into_inner(), answer);
    // Cursors that were given out hold, and what comes next follows on what came before.
    let end = told.log.len();
    let mut stream = watch(&mut client, &(end - 1).to_string())
        .await
        .expect("it");
    let last = next(&mut stream).await;
    assert_eq!(
        Some(&(last.determination_id, last.version)),
        told.log.last()
    );
    let new = client.submit_second_opinion(submission(second_opinion()));
    let new = new.await.expect("it").into_inner().determination;
    let event = next(&mut stream).await;
    assert_eq!(event.determination_id, new.expect("it").determination_id);
    assert_eq!(server.terminate(), Some(0));
    let proved = run(data, &["--store", &to, "verify-log"], "");
    assert_eq!(proved.status.code(), Some(0), "{}", text(&proved.stderr));
    // A store that is there is no place for another, nor for itself again.
    refused(&copy(data, &file, &to), 69, "the target is not empty");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn copy_to_postgres_refuses_a_served_or_damaged_source_and_a_missing_schema() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let file = store(data);
    let server = Server::start(data);
    let mut client = server.client(data).await;
    let sent = client.submit_second_opinion(submission(second_opinion()));
    sent.await.expect("it");
    let schema = Schema::empty().await;
    let to = schema.url();
    refused(&copy(data, &file, &to), 69, "serving from this file");
    assert_eq!(server.terminate(), Some(0));
    refused(
        &copy(data, &file, &to),
        69,
        "run `second-opinion migrate` first",
    );
    let migrated = run(data, &["--store", &to, "migrate"], "");
    assert_eq!(
        migrated.status.code(),
        Some(0),
        "{}",
        text(&migrated.stderr)
    );

    let changed = rusqlite::Connection::open(&file).expect("the file");
    changed
        .execute_batch(
            "DROP TRIGGER events_are_never_changed;
             UPDATE events SET bytes = CAST(replace(CAST(bytes AS TEXT), 'Sample', 'Simple') AS BLOB);",
        )
        .expect("changed");
    drop(changed);
    let damaged = copy(data, &file, &to);
    refused(&damaged, 1, "does not hold together");
    assert!(!text(&damaged.stderr).contains("Simple"));
    let serve = ["--store", &to, "--listen", "127.0.0.1:0", "serve"];
    refused(&run(data, &serve, ""), 69, "is not finished");
}

#[test]
fn other_stores_and_urls_that_are_none_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let away = "postgres://app:canary@127.0.0.1:1/um";
    let missing = url_of(&data.join("missing.db"));
    for (from, to, code, said) in [
        (away, away, 64, "pg_dump"),
        (away, missing.as_str(), 64, "pg_dump"),
        (
            missing.as_str(),
            missing.as_str(),
            64,
            "second-opinion backup",
        ),
        ("mysql://canary", away, 64, "--from: expected"),
        (missing.as_str(), "postgres://canary@", 64, "--to: expected"),
        (missing.as_str(), away, 69, "the source: "),
    ] {
        let output = run(data, &["copy", "--from", from, "--to", to], "");
        refused(&output, code, said);
        assert!(!text(&output.stderr).contains("canary"), "{from} {to}");
    }
    assert!(!data.join("missing.db").exists() && !data.join("missing.db.lock").exists());
    let empty = data.join("empty.db");
    let made = run(data, &["--store", &url_of(&empty), "migrate"], "");
    assert_eq!(made.status.code(), Some(0));
    refused(&copy(data, &empty, away), 69, "the target: ");
    // Left out, the target is the store that is configured.
    let configured = ["--store", away, "copy", "--from", &url_of(&empty)];
    refused(&run(data, &configured, ""), 69, "the target: ");
    refused(&run(data, &["copy", "--to", away], ""), 64, "--from");
    let listen = ["--listen", "nowhere", "copy", "--from", &url_of(&empty)];
    refused(&run(data, &listen, ""), 78, "nowhere");
}
