//! One server under its operator's commands: calls, health check, backup, verification of the log, TLS.

use std::path::{Path, PathBuf};
use std::process::Output;

use second_opinion::wire::v1;
use serde_json::Value;

use crate::commands::REQUEST;
use crate::program::{SERVE, Server, free_address, json, program, run, text, wait_until_listening};
use crate::support::certificate;
use crate::support::messages::{get, second_opinion, submission};

fn store(data: &Path) -> PathBuf {
    data.join("second-opinion.db")
}

/// While a server runs: a second one on the same store is refused, and tools work. Returns a backup and the output of verify-log.
fn back_up(data: &Path) -> (PathBuf, Output) {
    let second = program(data).args(SERVE).output().expect("an output");
    assert_eq!(second.status.code(), Some(69), "{}", text(&second.stderr));
    let verified = run(data, &["verify-log"], "");
    assert_eq!(
        verified.status.code(),
        Some(0),
        "{}",
        text(&verified.stderr)
    );
    let copy = data.join("copy.db");
    let backup = run(
        data,
        &["backup", "--to", copy.to_str().expect("a path")],
        "",
    );
    assert_eq!(
        (backup.status.code(), &backup.stdout),
        (Some(0), &verified.stdout),
        "{}",
        text(&backup.stderr)
    );
    assert_ne!(
        run(
            data,
            &["backup", "--to", copy.to_str().expect("a path")],
            ""
        )
        .status
        .code(),
        Some(0)
    );
    (copy, verified)
}

// A second thread closes the client's connection while the test waits for the server's exit.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn server_is_called_checked_backed_up_and_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let server = Server::start(data);
    let to = server.address.clone();
    // `call` uses the development identity.
    let submitted = run(
        data,
        &["call", "SubmitSecondOpinion", "-", "--to", &to],
        &format!("{{\"secondOpinion\": {REQUEST}}}"),
    );
    assert_eq!(
        submitted.status.code(),
        Some(0),
        "{}",
        text(&submitted.stderr)
    );
    let id = json(&submitted.stdout)["determination"]["determinationId"]
        .as_str()
        .expect("an id")
        .to_owned();
    let set = format!("determination_id={id}");
    let got = run(
        data,
        &[
            "call",
            "GetDetermination",
            "-",
            "--set",
            &set,
            "--set",
            "view=VIEW_FULL",
            "--to",
            &to,
        ],
        "{}",
    );
    assert_eq!(
        json(&got.stdout)["determination"]["secondOpinion"]["member"]["fullName"],
        "Sample Member"
    );
    let refused = run(
        data,
        &[
            "call",
            "GetDetermination",
            "-",
            "--set",
            "determination_id=x",
            "--to",
            &to,
        ],
        "{}",
    );
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("INVALID_ARGUMENT"));
    assert_eq!(
        run(data, &["healthcheck", "--to", &to], "").status.code(),
        Some(0)
    );

    let (copy, verified) = back_up(data);
    let mut client = server.client(data).await;
    client
        .submit_second_opinion(submission(second_opinion()))
        .await
        .expect("an answer");
    assert_eq!(server.terminate(), Some(0));
    assert_eq!(
        run(data, &["healthcheck", "--to", &to], "").status.code(),
        Some(1)
    );

    // The copy is a complete store, as of the backup.
    let restored = tempfile::tempdir().expect("a folder");
    std::fs::copy(&copy, store(restored.path())).expect("a copy");
    assert_eq!(
        run(restored.path(), &["verify-log"], "").stdout,
        verified.stdout
    );
    let server = Server::start(restored.path());
    let mut client = server.client(restored.path()).await;
    let stored = client
        .get_determination(get(&id, v1::View::Basic))
        .await
        .expect("an answer")
        .into_inner();
    assert_eq!(
        stored.determination.expect("a determination").state(),
        v1::State::NoAuthorizationRequired
    );
}

// A second thread closes the client's connection while the test waits for the server's exit.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn verify_log_names_the_case_and_version_of_a_flipped_byte() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let server = Server::start(data);
    let mut client = server.client(data).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let answer = client
            .submit_second_opinion(submission(second_opinion()))
            .await
            .expect("an answer")
            .into_inner();
        ids.push(
            answer
                .determination
                .expect("a determination")
                .determination_id,
        );
    }
    assert_eq!(server.terminate(), Some(0));
    assert_eq!(run(data, &["verify-log"], "").status.code(), Some(0));
    let file = rusqlite::Connection::open(store(data)).expect("the file");
    file.execute_batch("DROP TRIGGER events_are_never_changed")
        .expect("no trigger");
    let mut bytes: Vec<u8> = file
        .query_row("SELECT bytes FROM events WHERE position = 2", [], |row| {
            row.get(0)
        })
        .expect("an event");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    file.execute("UPDATE events SET bytes = ?1 WHERE position = 2", [bytes])
        .expect("flipped");
    drop(file);
    let verified = run(data, &["verify-log"], "");
    let errors = text(&verified.stderr);
    assert_eq!(verified.status.code(), Some(1));
    assert!(
        errors.contains(&format!("determination {} version 1", ids[1])),
        "{errors}"
    );
    assert!(
        !errors.contains(&ids[0]) && !errors.contains(&ids[2]),
        "{errors}"
    );
}

#[test]
fn audit_lines_are_written_at_any_log_level() {
    use std::io::Read as _;
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    // With the log off the server does not log its address.
    let to = free_address();
    let mut child = program(data)
        .args([
            "serve",
            "--listen",
            &to,
            "--ops-listen",
            "127.0.0.1:0",
            "--log",
            "off",
            "--log-format",
            "json",
        ])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program");
    wait_until_listening(&to);
    let called = run(data, &["call", "GetPolicy", "/dev/null", "--to", &to], "");
    assert_eq!(called.status.code(), Some(0), "{}", text(&called.stderr));
    child.kill().expect("killed");
    let mut errors = String::new();
    child
        .stderr
        .take()
        .expect("standard error")
        .read_to_string(&mut errors)
        .expect("text");
    child.wait().expect("an exit");
    let line = errors
        .lines()
        .find(|line| line.contains("\"audit\""))
        .expect(&errors);
    let line = json(line.as_bytes());
    assert_eq!(
        (&line["rpc"], &line["outcome"]),
        (&Value::from("GetPolicy"), &Value::from("OK"))
    );
    assert_eq!(line["caller"], "second-opinion-development|developer");
}

#[test]
fn tls_callers_name_the_certificate_authority() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let tls = certificate::make(data);
    let path = |path: &Path| path.to_str().expect("a path in UTF-8").to_owned();
    let (cert, key) = (path(&tls.cert), path(&tls.key));
    let server = Server::start_with(data, &["--tls-cert", &cert, "--tls-key", &key]);
    let to = server.address.replace("http://", "https://");
    let called = |arguments: &[&str]| {
        let output = run(data, arguments, "");
        (output.status.code(), text(&output.stderr))
    };
    let policy = ["call", "GetPolicy", "/dev/null", "--to"];
    let (code, errors) = called(&[&policy[..], &[&to, "--ca", &cert]].concat());
    assert_eq!(code, Some(0), "{errors}");
    let (code, errors) = called(&["healthcheck", "--to", &to, "--ca", &cert]);
    assert_eq!(code, Some(0), "{errors}");
    let (code, errors) = called(&[&policy[..], &[&to]].concat());
    assert_eq!(code, Some(64), "{errors}");
    assert!(errors.contains("--ca"), "{errors}");
    let (code, errors) = called(&[&policy[..], &[&server.address]].concat());
    assert_eq!(code, Some(1), "{errors}");
    assert_eq!(server.terminate(), Some(0));
}
