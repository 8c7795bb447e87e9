//! Commands and their exit codes: 0, 64 usage, 78 configuration, 69 store unreachable, 1 else.

use std::path::Path;

use serde_json::Value;

use crate::program::{Server, program, run, text};
use crate::support::messages::{get, second_opinion, submission};
use second_opinion::wire::v1;

const REQUEST: &str = r#"{
  "member": {"memberId": "90000001A", "fullName": "Sample Member"},
  "requesters": [{"member": {}}],
  "requestedProvider": {
    "npi": "1234567893", "networkStatus": "NETWORK_STATUS_IN_NETWORK", "role": "PROVIDER_ROLE_SPECIALIST",
    "withinScope": "ANSWER_YES", "relevantExpertise": "ANSWER_YES"
  }
}"#;

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|error| panic!("{error}: {}", text(bytes)))
}

#[test]
fn evaluate_takes_a_request_or_its_submission_and_stores_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    for input in [
        REQUEST.to_owned(),
        format!("{{\"secondOpinion\": {REQUEST}}}"),
    ] {
        let output = run(&data, &["evaluate", "-"], &input);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let determination = json(&output.stdout);
        assert_eq!(determination["state"], "STATE_NO_AUTHORIZATION_REQUIRED");
        assert_eq!(
            determination["nextSteps"][0]["kind"],
            "NEXT_STEP_KIND_SEE_NETWORK_PROVIDER"
        );
        assert!(determination.get("determinationId").is_none());
    }
    let output = run(
        &data,
        &["evaluate", "-"],
        r#"{"member": {"memberId": "1"}}"#,
    );
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(
        said.contains("second_opinion.member.member_id")
            && said.contains("second_opinion.requesters"),
        "{said}"
    );
    assert_eq!(run(&data, &["evaluate", "-"], "{").status.code(), Some(64));
    assert_eq!(
        run(&data, &["evaluate", "no-such-file"], "").status.code(),
        Some(64)
    );
    assert!(!data.exists(), "nothing was made");
}

#[test]
fn a_deadline_explains_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = run(
        folder.path(),
        &["deadline", "--received", "2026-11-20T09:00:00-08:00"],
        "",
    );
    assert_eq!(output.status.code(), Some(0));
    let answer = json(&output.stdout);
    assert_eq!(answer["dueAt"], "2026-11-28T08:00:00Z");
    assert_eq!(
        answer["clocks"][0]["limits"][0]["skippedDays"][0]["name"],
        "Thanksgiving Day"
    );
    let urgent = run(
        folder.path(),
        &[
            "deadline",
            "--received",
            "2026-11-20T09:00:00-08:00",
            "--urgent",
        ],
        "",
    );
    assert_eq!(json(&urgent.stdout)["dueAt"], "2026-11-23T17:00:00Z");
    for bad in ["yesterday", "2016-04-19T12:00:00-07:00"] {
        assert_eq!(
            run(folder.path(), &["deadline", "--received", bad], "")
                .status
                .code(),
            Some(64),
            "{bad}"
        );
    }
}

#[test]
fn the_policy_prints_clauses_and_limits() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = run(folder.path(), &["policy"], "");
    let policy = json(&output.stdout);
    assert_eq!(
        (output.status.code(), &policy["number"]),
        (Some(0), &Value::from("MPUP3078"))
    );
    assert!(policy["limits"].as_array().expect("limits").len() >= 6);
}

#[test]
fn a_token_is_the_last_line_of_standard_output() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = [
        "token",
        "--scope",
        "second-opinion.submit second-opinion.read",
        "--actor-type",
        "person",
    ];
    let output = run(folder.path(), &arguments, "");
    let token = text(&output.stdout)
        .lines()
        .last()
        .expect("a line")
        .to_owned();
    assert_eq!(
        (output.status.code(), token.split('.').count()),
        (Some(0), 3)
    );
    assert_eq!(
        run(
            folder.path(),
            &["token", "--scope", "x", "--ttl", "soon"],
            ""
        )
        .status
        .code(),
        Some(64)
    );
    let configured = program(folder.path())
        .args([
            "--auth-jwks",
            "keys.json",
            "--auth-issuer",
            "i",
            "--auth-audience",
            "a",
            "token",
            "--scope",
            "x",
        ])
        .output()
        .expect("an output");
    assert_eq!(configured.status.code(), Some(78));
}

#[test]
fn usage_and_configuration_have_their_exit_codes() {
    let folder = tempfile::tempdir().expect("a folder");
    let code = |arguments: &[&str]| run(folder.path(), arguments, "").status.code();
    assert_eq!(code(&["--help"]), Some(0));
    assert_eq!(code(&["--version"]), Some(0));
    assert_eq!(code(&["nonsense"]), Some(64));
    assert_eq!(code(&["token"]), Some(64));
    assert_eq!(code(&["check-config"]), Some(0));
    assert_eq!(code(&["--listen", "nowhere", "check-config"]), Some(78));
    assert_eq!(
        code(&["--listen", "0.0.0.0:50051", "serve"]),
        Some(78),
        "the development identity is for loopback"
    );
    assert_eq!(
        code(&["--auth-issuer", "https://id.example.org", "serve"]),
        Some(78)
    );
    assert_eq!(
        code(&["--store", "postgres://db.example.org/um", "serve"]),
        Some(78)
    );
    assert_eq!(code(&["call", "GetPolicy", "no-such-file"]), Some(64));
    assert_eq!(
        code(&["call", "GetPolicy", "/dev/null", "--to", "127.0.0.1:1"]),
        Some(1)
    );
    assert_eq!(code(&["healthcheck", "--to", "127.0.0.1:1"]), Some(1));
    assert_eq!(code(&["verify-log"]), Some(69), "there is no store");
    let unknown = program(folder.path())
        .env("SECOND_OPINION_LISTN", "x")
        .arg("check-config")
        .output();
    let unknown = unknown.expect("an output");
    assert_eq!(unknown.status.code(), Some(78));
    assert!(text(&unknown.stderr).contains("SECOND_OPINION_LISTEN"));
}

fn store(data: &Path) -> std::path::PathBuf {
    data.join("second-opinion.db")
}

#[tokio::test]
async fn a_server_is_called_checked_backed_up_and_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let server = Server::start(data);
    let to = server.address.clone();
    // `call` shows the development identity by itself.
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

    // A second server on the same store is refused, and tools work beside the first.
    let second = program(data)
        .args(["serve", "--listen", "127.0.0.1:0"])
        .output()
        .expect("an output");
    assert_eq!(second.status.code(), Some(69), "{}", text(&second.stderr));
    let proof = run(data, &["verify-log"], "");
    assert_eq!(proof.status.code(), Some(0), "{}", text(&proof.stderr));
    let copy = folder.path().join("copy.db");
    let backup = run(
        data,
        &["backup", "--to", copy.to_str().expect("a path")],
        "",
    );
    assert_eq!(
        (backup.status.code(), &backup.stdout),
        (Some(0), &proof.stdout),
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

    let mut client = server.client(data).await;
    client
        .submit_second_opinion(submission(second_opinion()))
        .await
        .expect("it");
    assert_eq!(server.terminate(), Some(0));
    assert_eq!(
        run(data, &["healthcheck", "--to", &to], "").status.code(),
        Some(1)
    );

    // The copy is a store of its own, as of its moment.
    let restored = tempfile::tempdir().expect("a folder");
    std::fs::copy(&copy, store(restored.path())).expect("a copy");
    assert_eq!(
        run(restored.path(), &["verify-log"], "").stdout,
        proof.stdout
    );
    let server = Server::start(restored.path());
    let mut client = server.client(restored.path()).await;
    let held = client
        .get_determination(get(&id, v1::View::Basic))
        .await
        .expect("it")
        .into_inner();
    assert_eq!(
        held.determination.expect("it").state(),
        v1::State::NoAuthorizationRequired
    );
}

#[tokio::test]
async fn verify_log_names_case_and_version_of_a_flipped_byte() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let server = Server::start(data);
    let mut client = server.client(data).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let answer = client
            .submit_second_opinion(submission(second_opinion()))
            .await
            .expect("it")
            .into_inner();
        ids.push(answer.determination.expect("it").determination_id);
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
    let proof = run(data, &["verify-log"], "");
    let said = text(&proof.stderr);
    assert_eq!(proof.status.code(), Some(1));
    assert!(
        said.contains(&format!("determination {} version 1", ids[1])),
        "{said}"
    );
    assert!(!said.contains(&ids[0]) && !said.contains(&ids[2]), "{said}");
}

#[test]
fn audit_lines_are_written_whatever_the_filter_says() {
    use std::io::Read as _;
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let mut child = program(data)
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--log",
            "off",
            "--log-format",
            "json",
        ])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program");
    // With the log off it does not say where it listens: a lock on the store says that it is there.
    let port = port_of(child.id());
    let to = format!("127.0.0.1:{port}");
    let called = run(data, &["call", "GetPolicy", "/dev/null", "--to", &to], "");
    assert_eq!(called.status.code(), Some(0), "{}", text(&called.stderr));
    child.kill().expect("killed");
    let mut said = String::new();
    child
        .stderr
        .take()
        .expect("standard error")
        .read_to_string(&mut said)
        .expect("text");
    child.wait().expect("gone");
    let line = said
        .lines()
        .find(|line| line.contains("\"audit\""))
        .expect(&said);
    let line = json(line.as_bytes());
    assert_eq!(
        (&line["rpc"], &line["outcome"]),
        (&Value::from("GetPolicy"), &Value::from("OK"))
    );
    assert_eq!(line["caller"], "second-opinion-development|developer");
}

/// The port on which a process listens, from the system's own tables.
fn port_of(process: u32) -> u16 {
    for _ in 0..200 {
        std::thread::sleep(std::time::Duration::from_millis(50));
        let Ok(table) = std::fs::read_to_string(format!("/proc/{process}/net/tcp")) else {
            continue;
        };
        let Ok(files) = std::fs::read_dir(format!("/proc/{process}/fd")) else {
            continue;
        };
        let sockets: Vec<String> = files
            .flatten()
            .filter_map(|file| std::fs::read_link(file.path()).ok())
            .filter_map(|link| {
                Some(
                    link.to_str()?
                        .strip_prefix("socket:[")?
                        .trim_end_matches(']')
                        .to_owned(),
                )
            })
            .collect();
        for line in table.lines().skip(1) {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let listens = columns.get(3) == Some(&"0A");
            if listens
                && columns
                    .get(9)
                    .is_some_and(|inode| sockets.iter().any(|socket| socket == inode))
            {
                let port = columns[1].split(':').nth(1).expect("a port");
                return u16::from_str_radix(port, 16).expect("a port");
            }
        }
    }
    panic!("the server does not listen");
}
