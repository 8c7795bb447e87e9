//! The methods, messages and error reports of `call`.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tonic::Response;
use tonic::body::Body;
use tonic_types::{ErrorDetails, PreconditionViolation, StatusExt as _};

use prost_reflect::{DynamicMessage, MethodDescriptor};
use tonic::transport::Endpoint;
use tonic::{Code, Request, Status};

use super::connection::is_on_this_machine;
use super::exchange::{DynamicCodec, exchange};
use super::report::report;
use super::request::{compose, resolve};
use super::*;

fn method(name: &str) -> Result<MethodDescriptor, CallError> {
    resolve(
        &DescriptorPool::decode(crate::wire::DESCRIPTOR).expect("the contract"),
        name,
    )
}

#[test]
fn method_is_found_by_name_with_or_without_service_and_package() {
    for name in [
        "SubmitSecondOpinion",
        "SecondOpinionService/SubmitSecondOpinion",
        "um.secondopinion.v1.SecondOpinionService/SubmitSecondOpinion",
        "/um.secondopinion.v1.SecondOpinionService/SubmitSecondOpinion",
        "um.secondopinion.v1.SecondOpinionService.SubmitSecondOpinion",
    ] {
        let found = method(name).expect(name);
        assert_eq!(
            found.full_name(),
            "um.secondopinion.v1.SecondOpinionService.SubmitSecondOpinion"
        );
    }
    for name in ["", "SecondOpinion", "PolicyService/SubmitSecondOpinion"] {
        let problem = method(name).expect_err(name).to_string();
        assert!(problem.contains("PolicyService/GetPolicy"), "{problem}");
    }
}

#[test]
fn missing_request_id_is_generated() {
    let submit = method("SubmitSecondOpinion").expect("a method").input();
    let (message, id) = compose(&submit, " \n", &[]).expect("a request");
    let id = id.expect("an id");
    assert_eq!(id.get_version_num(), 7);
    let sent = message.get_field_by_name("request_id").expect("a field");
    assert_eq!(sent.as_str(), Some(id.to_string().as_str()));
    for (text, set) in [
        ("{\"requestId\": \"x\"}", vec![]),
        ("{\"request_id\": \"\"}", vec![]),
        ("{}", vec!["request_id=x".to_owned()]),
    ] {
        assert_eq!(
            compose(&submit, text, &set).expect("a request").1,
            None,
            "{text}"
        );
    }
    let policy = method("GetPolicy").expect("a method").input();
    assert_eq!(compose(&policy, "", &[]).expect("a request").1, None);
}

#[test]
fn problem_of_a_request_has_its_place() {
    let submit = method("SubmitSecondOpinion").expect("a method").input();
    for (text, place) in [
        ("{\n\"membr\": 1}", "'membr' at line 2"),
        ("{", "line 1"),
        ("[]", "line 1"),
    ] {
        let problem = compose(&submit, text, &[]).expect_err(text);
        assert!(
            matches!(&problem, CallError::Usage(message) if message.contains(place)),
            "{problem}"
        );
    }
}

#[test]
fn development_token_is_for_this_machine_alone() {
    for local in [
        "http://127.0.0.1:50051",
        "http://[::1]:1",
        "https://localhost:1",
    ] {
        assert!(is_on_this_machine(local), "{local}");
    }
    for remote in [
        "http://192.0.2.1:50051",
        "http://localhost.example.org",
        "http://",
    ] {
        assert!(!is_on_this_machine(remote), "{remote}");
    }
}

#[test]
fn report_has_every_detail() {
    let mut details = ErrorDetails::new();
    details
        .add_bad_request_violation("second_opinion.member.member_id", "expected a CIN")
        .set_precondition_failure(vec![PreconditionViolation::new(
            "VI.B",
            "provider",
            "not qualified",
        )])
        .set_error_info(
            "ETAG_STALE",
            "um.secondopinion",
            [("etag".to_owned(), "e2".to_owned())],
        )
        .set_resource_info("determination", "d1", "", "no such determination")
        .set_retry_info(Some(Duration::from_secs(2)))
        .set_request_info("r1", "");
    let status = Status::with_error_details(Code::FailedPrecondition, "cannot be", details);
    assert_eq!(
        report(&status),
        "FAILED_PRECONDITION: cannot be\n  \
         second_opinion.member.member_id: expected a CIN\n  \
         VI.B: not qualified\n  \
         reason: ETAG_STALE (um.secondopinion)\n  \
         etag: e2\n  \
         resource: determination `d1`: no such determination\n  \
         retry after: 2s\n  \
         request: r1"
    );
}

/// A server that answers a call with a token by an empty message, and a watch by two of them.
#[derive(Clone)]
struct Server;

impl tonic::server::NamedService for Server {
    const NAME: &'static str = "um.secondopinion.v1.SecondOpinionService";
}

impl tower::Service<http::Request<Body>> for Server {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let name = request
            .uri()
            .path()
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned();
        let asked = method(&name).expect("a method");
        let answer = DynamicMessage::new(asked.output());
        let mut grpc = tonic::server::Grpc::new(DynamicCodec {
            answer: asked.input(),
        });
        Box::pin(async move {
            Ok(if asked.is_server_streaming() {
                let both = tower::service_fn(move |_: Request<DynamicMessage>| {
                    let both = tokio_stream::iter([Ok(answer.clone()), Ok(answer.clone())]);
                    std::future::ready(Ok(Response::new(both)))
                });
                grpc.server_streaming(both, request).await
            } else {
                let one = tower::service_fn(move |request: Request<DynamicMessage>| {
                    let token = request.metadata().get("authorization").cloned();
                    let token = token.and_then(|it| it.to_str().ok().map(str::to_owned));
                    let refused = Status::unauthenticated("no token");
                    let answered = token.map(|_| Response::new(answer.clone())).ok_or(refused);
                    std::future::ready(answered)
                });
                grpc.unary(one, request).await
            })
        })
    }
}

async fn try_call(name: &str, token: Option<&str>) -> (Result<(), CallError>, String) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
    let server = tonic::transport::Server::builder()
        .add_service(Server)
        .serve_with_incoming(incoming);
    let server = tokio::spawn(server);
    let asked = method(name).expect("a method");
    let (request, _) = compose(&asked.input(), "", &[]).expect("a request");
    let channel = Endpoint::from_shared(address.clone())
        .expect("an address")
        .connect()
        .await
        .expect("a server");
    let mut out = Vec::new();
    let result = exchange(channel, &address, &asked, request, token, &mut out).await;
    server.abort();
    (result, String::from_utf8(out).expect("JSON"))
}

#[tokio::test]
async fn replies_are_printed_one_document_a_message() {
    let (result, printed) = try_call("GetDetermination", Some("t")).await;
    assert_eq!((result.is_ok(), printed.as_str()), (true, "{}\n"));
    let (result, printed) = try_call("WatchDeterminations", None).await;
    assert_eq!((result.is_ok(), printed.as_str()), (true, "{}\n{}\n"));
}

#[tokio::test]
async fn error_reply_has_its_code() {
    let (result, printed) = try_call("GetDetermination", None).await;
    let error = result.expect_err("an error");
    assert!(
        matches!(
            error,
            CallError::Refused {
                code: Code::Unauthenticated,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(
        (error.to_string().as_str(), printed.as_str()),
        ("UNAUTHENTICATED: no token", "")
    );
    let (result, _) = try_call("GetDetermination", Some("t\n")).await;
    assert!(matches!(result, Err(CallError::Usage(_))));
}

#[tokio::test]
async fn unreachable_address_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let args = CallArgs {
        method: "GetPolicy".into(),
        file: "/dev/null".into(),
        set: Vec::new(),
        token: None,
        server: ServerArgs::default(),
    };
    let error = call(&args, &format!("http://{address}"), None)
        .await
        .expect_err("no server");
    assert!(matches!(error, CallError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains(&address), "{error}");
}
