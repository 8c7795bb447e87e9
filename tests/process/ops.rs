//! Metrics of the running program: exactly those in the chart's list, and no personal data.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Output;

use second_opinion::identity::DevelopmentIdentity;
use serde_json::Value;

use crate::commands::REQUEST;
use crate::program::{Server, http_get, json, run, text};
use crate::support::certificate;

/// The chart's list of metrics: by name the type and the labels.
fn listed() -> BTreeMap<String, (String, BTreeSet<String>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("helm/second-opinion/files/metrics.txt");
    let list = std::fs::read_to_string(path).expect("the list");
    list.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let labels = columns[2].split(',').filter(|label| *label != "-");
            let labels = labels.map(str::to_owned).collect();
            (columns[0].to_owned(), (columns[1].to_owned(), labels))
        })
        .collect()
}

/// The metrics of a response: by name the type and the labels, without `le`.
fn exposed(metrics: &str) -> BTreeMap<String, (String, BTreeSet<String>)> {
    let mut exposed: BTreeMap<String, (String, BTreeSet<String>)> = BTreeMap::new();
    for line in metrics.lines() {
        if let Some(typed) = line.strip_prefix("# TYPE ") {
            let (name, kind) = typed.split_once(' ').expect("a type");
            exposed.insert(name.to_owned(), (kind.to_owned(), BTreeSet::new()));
        } else if !line.starts_with('#') {
            let series = line.rsplit_once(' ').expect("a value").0;
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            let family = ["_bucket", "_sum", "_count"]
                .into_iter()
                .find_map(|end| {
                    name.strip_suffix(end)
                        .filter(|base| exposed.contains_key(*base))
                })
                .unwrap_or(name);
            let (_, names) = exposed.get_mut(family).expect("a type before the value");
            // No label value contains a comma.
            for label in labels
                .trim_end_matches('}')
                .split(',')
                .filter(|label| !label.is_empty())
            {
                let name = label.split_once('=').expect("a label").0;
                if name != "le" {
                    names.insert(name.to_owned());
                }
            }
        }
    }
    exposed
}

fn body(response: &str) -> &str {
    response
        .split_once("\r\n\r\n")
        .expect("a head and a body")
        .1
}

/// The metrics that are computed from the store.
fn store_metrics(metrics: &str) -> Vec<&str> {
    metrics
        .lines()
        .filter(|line| line.starts_with("second_opinion_open_cases{"))
        .collect()
}

/// Waits for a line; returns all metrics.
fn metrics_with(server: &Server, line: &str) -> String {
    for _ in 0..300 {
        let response = http_get(&server.ops, "/metrics");
        if body(&response).lines().any(|other| other == line) {
            return body(&response).to_owned();
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("no line `{line}`");
}

fn call(data: &Path, server: &Server, ca: &Path, method: &str, request: &str) -> Output {
    let token = DevelopmentIdentity::load_or_create(data)
        .expect("a key")
        .token(
            "canary-subject",
            crate::support::server::EVERY_SCOPE,
            second_opinion::identity::ActorType::Person,
            chrono::TimeDelta::hours(1),
            chrono::Utc::now(),
        );
    let to = server.address.replace("http://", "https://");
    let ca = ca.to_str().expect("a path");
    let mut child = crate::program::program(data)
        .args(["call", method, "-", "--to", &to, "--ca", ca])
        .env("SECOND_OPINION_TOKEN", token)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program");
    let mut input = child.stdin.take().expect("standard input");
    std::io::Write::write_all(&mut input, request.as_bytes()).expect("written");
    drop(input);
    child.wait_with_output().expect("an output")
}

#[test]
fn metrics_are_those_of_the_charts_list_and_hold_no_personal_data() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let tls = certificate::make(data);
    let identity = DevelopmentIdentity::load_or_create(data).expect("a key");
    let jwks = data.join("jwks.json");
    std::fs::write(&jwks, identity.jwks()).expect("a file");
    let path = |path: &Path| path.to_str().expect("a path in UTF-8").to_owned();
    let arguments = [
        "--tls-cert".to_owned(),
        path(&tls.cert),
        "--tls-key".to_owned(),
        path(&tls.key),
        "--auth-jwks".to_owned(),
        path(&jwks),
        "--auth-issuer".to_owned(),
        second_opinion::identity::DEVELOPMENT_ISSUER.to_owned(),
        "--auth-audience".to_owned(),
        second_opinion::identity::DEVELOPMENT_AUDIENCE.to_owned(),
    ];
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let server = Server::start_with(data, &arguments);
    let mut request: Value = json(REQUEST.as_bytes());
    request["member"]["fullName"] = "Canary Member".into();
    request["member"]["memberId"] = "91234567C".into();
    request["requestedProvider"]["networkStatus"] = "NETWORK_STATUS_OUT_OF_NETWORK".into();
    request["referralNumber"] = "canary-referral".into();
    let submission = serde_json::json!({ "secondOpinion": request }).to_string();
    let submitted = call(data, &server, &tls.cert, "SubmitSecondOpinion", &submission);
    assert_eq!(
        submitted.status.code(),
        Some(0),
        "{}",
        text(&submitted.stderr)
    );
    let unknown = r#"{"determinationId": "canary-id"}"#;
    let refused = call(data, &server, &tls.cert, "GetDetermination", unknown);
    assert_eq!(refused.status.code(), Some(1));
    let open = "second_opinion_open_cases{clock=\"member_notification\",time_left=\"more\"} 1";
    let metrics = metrics_with(&server, open);
    assert_eq!(exposed(&metrics), listed());
    let lower = metrics.to_lowercase();
    for canary in ["canary", "91234567c", "sample"] {
        assert!(!lower.contains(canary), "{canary}");
    }
    assert!(metrics.len() < 64 * 1024, "{} bytes", metrics.len());
    // A restart does not change them.
    let before: Vec<String> = store_metrics(&metrics)
        .into_iter()
        .map(str::to_owned)
        .collect();
    assert_eq!(before.len(), 15);
    assert_eq!(server.terminate(), Some(0));
    let server = Server::start_with(data, &arguments);
    assert_eq!(store_metrics(&metrics_with(&server, open)), before);
    assert!(http_get(&server.ops, "/readyz").ends_with("ready\n"));
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn ops_port_in_use_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = listener.local_addr().expect("an address").to_string();
    let refused = run(
        folder.path(),
        &["serve", "--listen", "127.0.0.1:0", "--ops-listen", &taken],
        "",
    );
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        text(&refused.stderr).contains(&taken),
        "{}",
        text(&refused.stderr)
    );
}
