//! Traces, log lines and audit lines of the program: they name the same trace, and none is lost at shutdown.

use prost::Message as _;
use second_opinion::wire::v1;
use serde_json::Value;
use tonic::Code;

use crate::program::{SERVE, Server, program, text, token};
use crate::support::certificate;
use crate::support::collector::{Collector, attribute, hex};
use crate::support::messages::{get, id};
use crate::support::raw::{exchange, frame};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// Reads a determination that does not exist, within a trace; returns the request id.
async fn call(server: &Server, data: &std::path::Path) -> String {
    let headers = [
        ("authorization", format!("Bearer {}", token(data))),
        ("traceparent", format!("00-{TRACE}-{PARENT}-01")),
    ];
    let message = get(&id(), v1::View::Basic).encode_to_vec();
    let path = "/um.secondopinion.v1.SecondOpinionService/GetDetermination";
    let answer = exchange(&server.address, path, frame(0, &message), &headers).await;
    assert_eq!(answer.status.code(), Code::NotFound, "{}", answer.status);
    let request = answer.headers.get("x-request-id").expect("an id");
    request.to_str().expect("text").to_owned()
}

/// The audit lines of an output. The getting-started text among them is not JSON.
fn audit_lines(text: &str) -> Vec<Value> {
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|line: &Value| line["target"] == "audit")
        .collect()
}

fn check_audit_line(lines: &[Value], request: &str) {
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["trace_id"], TRACE);
    assert_eq!(lines[0]["request_id"], request);
    assert_eq!(lines[0]["outcome"], "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spans_and_audit_lines_of_a_call_name_its_trace_and_outlive_the_server() {
    let collector = Collector::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let arguments = ["--otlp-endpoint", &collector.endpoint];
    let server = Server::start_with(data, &arguments);
    let request = call(&server, data).await;
    let exited = tokio::task::spawn_blocking(move || server.terminate_and_read()).await;
    let (code, output, errors) = exited.expect("no panic");
    assert_eq!((code, output.as_str()), (Some(0), ""), "{errors}");
    let spans = collector.spans_of(TRACE);
    assert_eq!(spans.len(), 1, "{spans:?}");
    assert_eq!(hex(&spans[0].parent_span_id), PARENT);
    let request_id = attribute(&spans[0], "second_opinion.request_id");
    assert_eq!(request_id.as_ref(), Some(&request));
    let code = attribute(&spans[0], "rpc.grpc.status_code");
    assert_eq!(code.as_deref(), Some("5"));
    check_audit_line(&audit_lines(&errors), &request);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spans_go_to_a_collector_with_a_trusted_certificate_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let tls = certificate::make(data);
    let collector = Collector::start_secured(&tls).await;
    let arguments = ["--otlp-endpoint", &collector.endpoint];
    for (variables, spans) in [(vec![], 0), (vec![("SSL_CERT_FILE", &*tls.cert)], 1)] {
        let server = Server::start_in(data, &arguments, &variables);
        call(&server, data).await;
        let exited = tokio::task::spawn_blocking(move || server.terminate_and_read()).await;
        let (code, _, errors) = exited.expect("no panic");
        assert_eq!(code, Some(0));
        assert_eq!(collector.spans_of(TRACE).len(), spans, "{errors}");
        let is_logged = errors.contains("spans are lost on their way to the trace collector");
        assert_eq!(is_logged, spans == 0, "{errors}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn audit_lines_go_to_standard_output_or_are_appended_to_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let server = Server::start_with(data, &["--audit", "stdout"]);
    let request = call(&server, data).await;
    let exited = tokio::task::spawn_blocking(move || server.terminate_and_read()).await;
    let (_, output, errors) = exited.expect("no panic");
    check_audit_line(&audit_lines(&output), &request);
    assert_eq!(output.lines().count(), 1, "{output}");
    assert_eq!(audit_lines(&errors), Vec::<Value>::new());

    let path = data.join("audit.json");
    std::fs::write(&path, "{\"before\":true}\n").expect("a file");
    let file = path.to_str().expect("UTF-8");
    let server = Server::start_with(data, &["--audit", file]);
    let request = call(&server, data).await;
    let exited = tokio::task::spawn_blocking(move || server.terminate_and_read()).await;
    let (_, output, errors) = exited.expect("no panic");
    let written = std::fs::read_to_string(&path).expect("a file");
    assert!(written.starts_with("{\"before\":true}\n"), "{written}");
    check_audit_line(&audit_lines(&written), &request);
    assert_eq!((output.as_str(), audit_lines(&errors).len()), ("", 0));
}

#[test]
fn unwritable_audit_file_is_a_configuration_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("no such folder/audit.json");
    let refused = program(folder.path())
        .args(SERVE)
        .args(["--audit", path.to_str().expect("UTF-8")])
        .output()
        .expect("an output");
    assert_eq!(refused.status.code(), Some(78));
    assert!(text(&refused.stderr).contains("audit.json"));
}
