//! The subcommands, and their exit codes: 0, 64 usage, 69 store, 78 configuration, 1 any other failure.

use serde_json::Value;

use crate::program::{json, program, run, text};

pub const REQUEST: &str = r#"{
  "member": {"memberId": "90000001A", "fullName": "Sample Member"},
  "requesters": [{"member": {}}],
  "requestedProvider": {
    "npi": "1234567893", "networkStatus": "NETWORK_STATUS_IN_NETWORK", "role": "PROVIDER_ROLE_SPECIALIST",
    "withinScope": "ANSWER_YES", "relevantExpertise": "ANSWER_YES"
  }
}"#;

#[test]
fn evaluate_reads_a_request_or_a_submission_and_stores_nothing() {
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
    let errors = text(&output.stderr);
    assert!(
        errors.contains("second_opinion.member.member_id")
            && errors.contains("second_opinion.requesters"),
        "{errors}"
    );
    assert_eq!(run(&data, &["evaluate", "-"], "{").status.code(), Some(64));
    assert_eq!(
        run(&data, &["evaluate", "no-such-file"], "").status.code(),
        Some(64)
    );
    assert!(!data.exists(), "nothing is created");
}

#[test]
fn deadline_has_its_skipped_days_and_urgent_is_72_hours() {
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
    for invalid in ["yesterday", "2016-04-19T12:00:00-07:00"] {
        assert_eq!(
            run(folder.path(), &["deadline", "--received", invalid], "")
                .status
                .code(),
            Some(64),
            "{invalid}"
        );
    }
}

#[test]
fn policy_prints_clauses_and_limits() {
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
fn token_is_the_last_line_of_standard_output() {
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
fn version_names_commit_and_features() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = run(folder.path(), &["--version"], "");
    assert_eq!(output.status.code(), Some(0));
    let version = text(&output.stdout);
    let start = concat!("second-opinion ", env!("CARGO_PKG_VERSION"), " (commit ");
    let rest = version.strip_prefix(start).expect("a version");
    let (commit, features) = rest.split_once(", features: ").expect("features");
    let is_commit = commit.len() >= 12 && commit.chars().all(|digit| digit.is_ascii_hexdigit());
    assert!(is_commit || commit == "unknown", "{version}");
    let pdf = features.trim_end().trim_end_matches(')').contains("pdf");
    assert_eq!(pdf, cfg!(feature = "pdf"), "{version}");
}

#[test]
fn usage_configuration_and_store_failures_have_their_exit_codes() {
    let folder = tempfile::tempdir().expect("a folder");
    let code = |arguments: &[&str]| run(folder.path(), arguments, "").status.code();
    assert_eq!(code(&["--help"]), Some(0));
    assert_eq!(code(&["nonsense"]), Some(64));
    assert_eq!(code(&["token"]), Some(64));
    assert_eq!(code(&["check-config"]), Some(0));
    assert_eq!(code(&["--listen", "nowhere", "check-config"]), Some(78));
    assert_eq!(
        code(&["--listen", "0.0.0.0:50051", "serve"]),
        Some(78),
        "the development identity is for loopback alone"
    );
    assert_eq!(
        code(&["--auth-issuer", "https://id.example.org", "serve"]),
        Some(78)
    );
    // An open address needs a plan of its own, and callers that are authenticated.
    let open = "--listen 0.0.0.0:50051 --auth-jwks k.json --auth-issuer i --auth-audience a serve";
    let open: Vec<&str> = open.split(' ').collect();
    let refused = run(folder.path(), &open, "");
    assert_eq!(refused.status.code(), Some(78));
    assert!(
        text(&refused.stderr).contains("set `plan.name`"),
        "{}",
        text(&refused.stderr)
    );
    // Nothing listens on port 1.
    let unreachable = "postgres://app:canary@127.0.0.1:1/um";
    for command in ["serve", "verify-log", "migrate"] {
        let output = run(folder.path(), &["--store", unreachable, command], "");
        assert_eq!(output.status.code(), Some(69), "{command}");
        assert!(!text(&output.stderr).contains("canary"), "{command}");
    }
    assert_eq!(code(&["--store", unreachable, "check-config"]), Some(0));
    assert_eq!(
        code(&["--store", unreachable, "backup", "--to", "copy.db"]),
        Some(64)
    );
    assert_eq!(
        code(&["--store", "postgres://db/um?sslmode=maybe", "serve"]),
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
