//! The command `copy`: the target gets every row, also after interruptions, and invalid sources and targets are refused.

mod interrupted;
mod rows;
mod source;

use std::path::{Path, PathBuf};
use std::process::Output;

use crate::program::{Server, run, text};
use crate::support::messages::{second_opinion, submission};
use crate::support::postgres::Schema;
use source::{determination, fill, next, watch};

fn store(data: &Path) -> PathBuf {
    data.join("second-opinion.db")
}

fn url_of(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

fn copy(data: &Path, from: &Path, to: &str) -> Output {
    run(data, &["copy", "--from", &url_of(from), "--to", to], "")
}

/// Checks the exit code and the error of a refused command.
fn assert_refused(output: &Output, code: i32, error: &str) {
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(stderr.contains(error), "{error}: {stderr}");
    assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn copy_to_postgres_is_complete_and_can_be_served() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let expected = fill(data).await;
    let schema = Schema::migrated().await;
    let (file, to) = (store(data), schema.url());
    let copied = copy(data, &file, &to);
    let errors = text(&copied.stderr);
    assert_eq!(copied.status.code(), Some(0), "{errors}");
    assert!(
        errors.contains("every row is copied and verified"),
        "{errors}"
    );
    let counts = text(&copied.stdout);
    let cases = expected.cases.len();
    assert!(
        counts.contains(&format!("{cases} determinations")),
        "{counts}"
    );
    let letters = expected.letters.len();
    assert!(
        counts.contains(&format!("{letters} renderings")),
        "{counts}"
    );
    rows::assert_equal(&file, &schema.client().await).await;
    let digest = counts.lines().last().expect("a digest");
    for url in [&url_of(&file), &to] {
        let verified = run(data, &["--store", url, "verify-log"], "");
        assert_eq!(
            verified.status.code(),
            Some(0),
            "{}",
            text(&verified.stderr)
        );
        assert_eq!(text(&verified.stdout).trim(), digest);
    }

    let server = Server::start_with(data, &["--store", &to]);
    let mut client = server.client(data).await;
    for case in &expected.cases {
        let copy = determination(&mut client, &case.determination_id).await;
        assert_eq!(copy.etag, case.etag);
        assert_eq!(&copy, case);
    }
    for (request, rendition) in &expected.letters {
        let letter = client.get_notice(request.clone()).await;
        assert_eq!(&letter.expect("a letter").into_inner(), rendition);
    }
    let (request, answer) = expected.denial;
    let replay = client.issue_denial(request).await;
    assert_eq!(replay.expect("a replay").into_inner(), answer);
    // Earlier cursors stay valid, and new events follow the copied ones.
    let end = expected.log.len();
    let mut stream = watch(&mut client, &(end - 1).to_string())
        .await
        .expect("an answer");
    let last = next(&mut stream).await;
    assert_eq!(
        Some(&(last.determination_id, last.version)),
        expected.log.last()
    );
    let new = client.submit_second_opinion(submission(second_opinion()));
    let new = new.await.expect("an answer").into_inner().determination;
    let event = next(&mut stream).await;
    assert_eq!(
        event.determination_id,
        new.expect("an answer").determination_id
    );
    assert_eq!(server.terminate(), Some(0));
    let verified = run(data, &["--store", &to, "verify-log"], "");
    assert_eq!(
        verified.status.code(),
        Some(0),
        "{}",
        text(&verified.stderr)
    );
    // A target with rows takes no copy, also not the same one again.
    assert_refused(&copy(data, &file, &to), 69, "the target is not empty");
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
    sent.await.expect("an answer");
    let schema = Schema::empty().await;
    let to = schema.url();
    assert_refused(&copy(data, &file, &to), 69, "serving from this file");
    assert_eq!(server.terminate(), Some(0));
    assert_refused(
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
    assert_refused(&damaged, 1, "does not match its source");
    assert!(!text(&damaged.stderr).contains("Simple"));
    let serve = ["--store", &to, "--listen", "127.0.0.1:0", "serve"];
    assert_refused(&run(data, &serve, ""), 69, "is not finished");
}

#[test]
fn unsupported_stores_and_invalid_urls_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let unreachable = "postgres://app:canary@127.0.0.1:1/um";
    let missing = url_of(&data.join("missing.db"));
    for (from, to, code, error) in [
        (unreachable, unreachable, 64, "pg_dump"),
        (unreachable, missing.as_str(), 64, "pg_dump"),
        (
            missing.as_str(),
            missing.as_str(),
            64,
            "second-opinion backup",
        ),
        ("mysql://canary", unreachable, 64, "--from: expected"),
        (missing.as_str(), "postgres://canary@", 64, "--to: expected"),
        (missing.as_str(), unreachable, 69, "the source: "),
    ] {
        let output = run(data, &["copy", "--from", from, "--to", to], "");
        assert_refused(&output, code, error);
        assert!(!text(&output.stderr).contains("canary"), "{from} {to}");
    }
    assert!(!data.join("missing.db").exists() && !data.join("missing.db.lock").exists());
    let empty = data.join("empty.db");
    let migrated = run(data, &["--store", &url_of(&empty), "migrate"], "");
    assert_eq!(migrated.status.code(), Some(0));
    assert_refused(&copy(data, &empty, unreachable), 69, "the target: ");
    // Without --to the target is the configured store.
    let configured = ["--store", unreachable, "copy", "--from", &url_of(&empty)];
    assert_refused(&run(data, &configured, ""), 69, "the target: ");
    assert_refused(&run(data, &["copy", "--to", unreachable], ""), 64, "--from");
    let listen = ["--listen", "nowhere", "copy", "--from", &url_of(&empty)];
    assert_refused(&run(data, &listen, ""), 78, "nowhere");
}
