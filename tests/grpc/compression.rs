//! Compression of requests and answers, and the size limit after decompression.

use prost::Message as _;
use second_opinion::identity::ActorType;
use second_opinion::wire::v1;
use tonic::codec::CompressionEncoding::Gzip;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use crate::support::messages::{get, second_opinion, submission};
use crate::support::raw::{call_frame, frame};
use crate::support::server::{EVERY_SCOPE, TestServer};
use crate::support::status::{code_and_reason, fields};

fn is_compressed(metadata: &MetadataMap) -> bool {
    metadata
        .get("grpc-encoding")
        .is_some_and(|encoding| encoding == "gzip")
}

#[tokio::test]
async fn compressed_request_is_read_and_long_answer_is_compressed() {
    let server = TestServer::start().await;
    let client = server.reviewer().await;
    let mut client = client.send_compressed(Gzip).accept_compressed(Gzip);
    let mut long = second_opinion();
    long.clinical_context.as_mut().expect("a context").summary = "A made-up case. ".repeat(200);
    let sent = long.clone();
    let answer = client.submit_second_opinion(submission(long)).await;
    let id = answer
        .expect("an answer")
        .into_inner()
        .determination
        .expect("a determination")
        .determination_id;
    let full = client.get_determination(get(&id, v1::View::Full)).await;
    let full = full.expect("an answer");
    assert!(is_compressed(full.metadata()), "{:?}", full.metadata());
    let case = full.into_inner().determination.expect("a determination");
    let summary = |request: v1::SecondOpinion| request.clinical_context.expect("a context").summary;
    assert_eq!(
        summary(*case.second_opinion.expect("a request")).trim(),
        summary(sent).trim()
    );
    // A client without gzip gets the answer uncompressed.
    let mut plain = server.reviewer().await;
    let full = plain.get_determination(get(&id, v1::View::Full)).await;
    assert!(!is_compressed(full.expect("an answer").metadata()));
}

#[tokio::test]
async fn watch_events_are_not_compressed() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await.accept_compressed(Gzip);
    let watched = client
        .watch_determinations(v1::WatchDeterminationsRequest::default())
        .await
        .expect("a stream");
    assert!(!is_compressed(watched.metadata()));
}

#[tokio::test]
async fn size_limit_holds_after_decompression() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await.send_compressed(Gzip);
    let mut large = second_opinion();
    large.clinical_context.as_mut().expect("a context").summary = "x".repeat(1024 * 1024);
    let status = client
        .submit_second_opinion(submission(large.clone()))
        .await
        .expect_err("some kilobytes compressed, too large decompressed");
    assert_eq!(
        code_and_reason(&status),
        (Code::ResourceExhausted, "MESSAGE_TOO_LARGE".to_owned())
    );
    large.clinical_context.as_mut().expect("a context").summary = "x".repeat(1024 * 1024 - 4096);
    let status = client
        .submit_second_opinion(submission(large))
        .await
        .expect_err("a text over its limit");
    assert_eq!(fields(&status), ["second_opinion.clinical_context.summary"]);
}

/// Sends a body as a submission with this `grpc-encoding`.
async fn submit_encoded(server: &TestServer, encoding: &str, body: Vec<u8>) -> Status {
    let token = server.token("raw", EVERY_SCOPE, ActorType::Person);
    let headers = [
        ("authorization", format!("Bearer {token}")),
        ("grpc-encoding", encoding.to_owned()),
    ];
    let path = "/um.secondopinion.v1.SecondOpinionService/SubmitSecondOpinion";
    call_frame(&server.address, path, body, &headers).await
}

#[tokio::test]
async fn message_that_cannot_be_decoded_is_invalid_argument() {
    let server = TestServer::start().await;
    let message = submission(second_opinion()).encode_to_vec();
    let mut truncated = frame(0, &message);
    truncated.truncate(message.len());
    for (defect, encoding, body) in [
        (
            "not compressed, with the flag set",
            "gzip",
            frame(1, &message),
        ),
        (
            "compressed, without an encoding",
            "identity",
            frame(1, &message),
        ),
        ("unknown flag", "identity", frame(7, &message)),
        ("no message", "identity", Vec::new()),
        ("truncated message", "identity", truncated),
    ] {
        let status = submit_encoded(&server, encoding, body).await;
        assert_eq!(status.code(), Code::InvalidArgument, "{defect}: {status:?}");
        assert_eq!(fields(&status), [""], "{defect}");
    }
    let status = submit_encoded(&server, "br", frame(1, &message)).await;
    assert_eq!(status.code(), Code::Unimplemented, "{status:?}");
}
