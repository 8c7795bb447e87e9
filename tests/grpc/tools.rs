//! Health, reflection in both versions, gRPC-Web, request ids and unknown paths.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use prost::Message as _;
use second_opinion::config::{Config, Web};
use second_opinion::identity::ActorType;
use second_opinion::wire::v1;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::{v1 as reflection, v1alpha};

use crate::support::messages::{second_opinion, submission};
use crate::support::raw::{call_path, frame};
use crate::support::server::{EVERY_SCOPE, TestServer};

const SERVICE: &str = "um.secondopinion.v1.SecondOpinionService";

#[tokio::test]
async fn health_of_each_service_needs_no_token() {
    let mut server = TestServer::start().await;
    let mut client = HealthClient::new(server.channel().await);
    for service in ["", SERVICE, "um.secondopinion.v1.PolicyService"] {
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        let status = client
            .check(request)
            .await
            .expect("health")
            .into_inner()
            .status();
        assert_eq!(status.as_str_name(), "SERVING", "{service}");
    }
    let unknown = HealthCheckRequest {
        service: "x.Y".to_owned(),
    };
    assert_eq!(
        client.check(unknown).await.expect_err("unknown").code(),
        tonic::Code::NotFound
    );
    let mut watched = client
        .watch(HealthCheckRequest::default())
        .await
        .expect("a stream")
        .into_inner();
    assert_eq!(
        watched
            .message()
            .await
            .expect("no error")
            .expect("a message")
            .status()
            .as_str_name(),
        "SERVING"
    );
    let stopping = tokio::spawn(async move { server.stop().await });
    assert_eq!(
        watched
            .message()
            .await
            .expect("no error")
            .expect("a message")
            .status()
            .as_str_name(),
        "NOT_SERVING"
    );
    drop((watched, client));
    stopping.await.expect("no panic");
}

#[tokio::test]
async fn reflection_answers_v1_and_v1alpha() {
    let server = TestServer::start().await;
    let request = reflection::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::FileContainingSymbol(SERVICE.to_owned())),
    };
    let mut client =
        reflection::server_reflection_client::ServerReflectionClient::new(server.channel().await);
    let mut answers = client
        .server_reflection_info(tokio_stream::once(request))
        .await
        .expect("an answer")
        .into_inner();
    let answer = answers
        .message()
        .await
        .expect("no error")
        .expect("a message")
        .message_response
        .expect("a response");
    assert!(
        matches!(answer, MessageResponse::FileDescriptorResponse(files) if !files.file_descriptor_proto.is_empty())
    );

    let request = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(
            v1alpha::server_reflection_request::MessageRequest::ListServices(String::new()),
        ),
    };
    let mut client =
        v1alpha::server_reflection_client::ServerReflectionClient::new(server.channel().await);
    let mut answers = client
        .server_reflection_info(tokio_stream::once(request))
        .await
        .expect("an answer")
        .into_inner();
    let answer = answers
        .message()
        .await
        .expect("no error")
        .expect("a message")
        .message_response
        .expect("a response");
    let v1alpha::server_reflection_response::MessageResponse::ListServicesResponse(services) =
        answer
    else {
        panic!("{answer:?}");
    };
    assert!(
        services
            .service
            .iter()
            .any(|service| service.name == SERVICE)
    );
}

/// Sends one gRPC-Web message over HTTP/1.1, as a browser does.
async fn call_as_browser(
    server: &TestServer,
    message: &v1::SubmitSecondOpinionRequest,
) -> (http::HeaderMap, Bytes) {
    let token = server.token("portal", EVERY_SCOPE, ActorType::Service);
    let frame = frame(0, &message.encode_to_vec());
    let host = server.address.trim_start_matches("http://");
    let stream = tokio::net::TcpStream::connect(host)
        .await
        .expect("a connection");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(hyper_util::rt::TokioIo::new(stream))
            .await
            .expect("a handshake");
    let connection = tokio::spawn(connection);
    let request = http::Request::post(format!("/{SERVICE}/SubmitSecondOpinion"))
        .header("host", host)
        .header("content-type", "application/grpc-web+proto")
        .header("x-grpc-web", "1")
        .header("origin", "https://portal.example.org")
        .header("authorization", format!("Bearer {token}"))
        .body(Full::new(Bytes::from(frame)))
        .expect("a request");
    let response = sender.send_request(request).await.expect("a response");
    let headers = response.headers().clone();
    let body = response
        .into_body()
        .collect()
        .await
        .expect("a body")
        .to_bytes();
    connection.abort();
    (headers, body)
}

#[tokio::test]
async fn browser_of_an_allowed_origin_calls_over_grpc_web() {
    let config = Config {
        web: Web {
            origins: vec!["https://portal.example.org".to_owned()],
        },
        ..Config::default()
    };
    let server = TestServer::start_with(&config, |store| store).await;
    let (headers, body) = call_as_browser(&server, &submission(second_opinion())).await;
    assert_eq!(headers["content-type"], "application/grpc-web+proto");
    assert_eq!(
        headers["access-control-allow-origin"],
        "https://portal.example.org"
    );
    let length = u32::from_be_bytes(body[1..5].try_into().expect("a length")) as usize;
    let answer = v1::SubmitSecondOpinionResponse::decode(&body[5..5 + length]).expect("an answer");
    assert_eq!(
        answer.determination.expect("a determination").state(),
        v1::State::PendingReview
    );
    let trailers = String::from_utf8_lossy(&body[5 + length..]).into_owned();
    assert!(trailers.contains("grpc-status:0"), "{trailers}");
    // Without a configured origin the answer does not allow one.
    let closed = TestServer::start().await;
    let (headers, _) = call_as_browser(&closed, &submission(second_opinion())).await;
    assert!(!headers.contains_key("access-control-allow-origin"));
}

/// Sends a message of 8 MiB over HTTP/1.1, and reads the answer only after the last byte, as a browser does.
async fn send_oversized_as_browser(server: &TestServer, token: &str) -> String {
    let host = server.address.trim_start_matches("http://");
    let body = frame(0, &vec![0; 8 << 20]);
    let head = format!(
        "POST /{SERVICE}/SubmitSecondOpinion HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
        content-type: application/grpc-web+proto\r\nauthorization: Bearer {token}\r\n\
        content-length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = tokio::net::TcpStream::connect(host)
        .await
        .expect("a connection");
    stream.write_all(head.as_bytes()).await.expect("the head");
    stream.write_all(&body).await.expect("the body");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn browser_reads_the_status_of_a_rejected_oversized_message() {
    let server = TestServer::start().await;
    let token = server.token("portal", EVERY_SCOPE, ActorType::Service);
    for (token, code) in [
        (token.as_str(), Code::ResourceExhausted),
        ("bad", Code::Unauthenticated),
    ] {
        let answer = send_oversized_as_browser(&server, token).await;
        let code = format!("grpc-status: {}\r\n", code as i32);
        assert!(answer.contains(&code), "{answer}");
    }
}

#[tokio::test]
async fn answer_has_its_request_id() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let answer = client
        .submit_second_opinion(submission(second_opinion()))
        .await
        .expect("an answer");
    let id = answer
        .metadata()
        .get("x-request-id")
        .expect("an id")
        .to_str()
        .expect("text");
    assert!(uuid::Uuid::try_parse(id).is_ok(), "{id}");
}

#[tokio::test]
async fn unknown_path_is_unimplemented() {
    let server = TestServer::start().await;
    let token = server.token("someone", EVERY_SCOPE, ActorType::Service);
    let identity = [("authorization", format!("Bearer {token}"))];
    let service = "/um.secondopinion.v1.SecondOpinionService";
    for path in [
        "/no.such.Service/Do",
        "/",
        service,
        &format!("{service}/NoSuchCall"),
        &format!("{service}X/SubmitSecondOpinion"),
    ] {
        let status = call_path(&server.address, path, &[], &identity).await;
        assert_eq!(status.code(), Code::Unimplemented, "{path}");
    }
    // A path with our service needs an identity first, also for an unknown method.
    let unknown = call_path(&server.address, &format!("{service}/NoSuchCall"), &[], &[]).await;
    assert_eq!(unknown.code(), Code::Unauthenticated);
}
