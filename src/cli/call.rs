//! `call`: what does a running server answer to one request, given as proto JSON?

use std::error::Error;
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

use prost::Message as _;
use prost_reflect::{
    DescriptorPool, DynamicMessage, Kind, MessageDescriptor, MethodDescriptor, ServiceDescriptor,
};
use serde_json::Value;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::config::Secret;
use crate::wire::json;

/// The arguments of `call`.
#[derive(Clone, Debug, clap::Args)]
pub struct CallArgs {
    /// Such as `SubmitSecondOpinion` or `PolicyService/GetPolicy`
    pub method: String,
    /// The request as proto JSON; - is standard input, and an empty file an empty request
    #[arg(value_name = "FILE|-")]
    pub file: PathBuf,
    /// Set a value in the request, such as `second_opinion.requesters.0.member={}`; can be given several times
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// The server
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:50051")]
    pub to: String,
    /// The caller's token; without one, a server on this machine is shown the development identity
    #[arg(long, env = "SECOND_OPINION_TOKEN", hide_env_values = true)]
    pub token: Option<Secret>,
    /// The authority of the server's certificate, PEM; an https server needs it
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// The caller's certificate chain, PEM
    #[arg(long, value_name = "FILE", requires_all = ["key", "ca"])]
    pub cert: Option<PathBuf>,
    /// The caller's private key, PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
}

/// Why a call gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The command was not used as it should be: nothing was sent.
    #[error("{0}")]
    Usage(String),
    /// No server answers at the address.
    #[error("no server can be reached at `{address}`: {cause}")]
    Unreachable {
        /// The address as it was given.
        address: String,
        /// Why.
        cause: String,
    },
    /// The server refused.
    #[error("{report}")]
    Refused {
        /// The status code.
        code: Code,
        /// The code's name, the message, and a line for each detail.
        report: String,
    },
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// As large as an answer may be: letters are in it.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Sends one request and prints what the server answers on standard output, one JSON document a message.
///
/// `descriptor_set` is the contract, an encoded `FileDescriptorSet` with its imports. `development_token` is used
/// where no token is given and the server is on this machine.
///
/// # Errors
///
/// See [`CallError`]; the text of a refusal has the details that the server sent.
pub async fn call(
    args: &CallArgs,
    development_token: Option<String>,
    descriptor_set: &[u8],
) -> Result<(), CallError> {
    let pool = DescriptorPool::decode(descriptor_set)
        .map_err(|error| CallError::Other(error.to_string()))?;
    let method = resolve(&pool, &args.method)?;
    let (request, filled_in) = compose(&method.input(), &read_input(&args.file)?, &args.set)?;
    if let Some(id) = filled_in {
        eprintln!(
            "request_id {id} filled in; to send this very request again: --set request_id={id}"
        );
    }
    let address = if args.to.contains("://") {
        args.to.clone()
    } else {
        format!("http://{}", args.to)
    };
    let given = args
        .token
        .as_ref()
        .map(|token| token.expose().to_owned())
        .filter(|token| !token.is_empty());
    let token = given.or(development_token.filter(|_| is_on_this_machine(&address)));
    let channel = connect(args, &address).await?;
    exchange(
        channel,
        &address,
        &method,
        request,
        token.as_deref(),
        &mut io::stdout(),
    )
    .await
}

// === the request ===

/// The one method whose full name is, or ends with, what was given.
fn resolve(pool: &DescriptorPool, name: &str) -> Result<MethodDescriptor, CallError> {
    let wanted = format!(".{}", name.trim_start_matches('/').replace('/', "."));
    let services: Vec<_> = pool.services().collect();
    let methods = || services.iter().flat_map(ServiceDescriptor::methods);
    let mut found =
        methods().filter(|method| format!(".{}", method.full_name()).ends_with(&wanted));
    let list = |methods: Vec<MethodDescriptor>| {
        let names = methods
            .iter()
            .map(|it| format!("{}/{}", it.parent_service().name(), it.name()));
        names.collect::<Vec<_>>().join(", ")
    };
    match (found.next(), found.next()) {
        (Some(method), None) if method.is_client_streaming() => Err(CallError::Usage(format!(
            "`{name}` takes a stream of requests, and `call` sends one"
        ))),
        (Some(method), None) => Ok(method),
        (Some(one), Some(other)) => {
            let names = list([one, other].into_iter().chain(found).collect());
            Err(CallError::Usage(format!("`{name}` may be any of {names}")))
        }
        (None, _) => {
            let names = list(methods().collect());
            Err(CallError::Usage(format!(
                "no such method `{}`; there are {names}",
                name.escape_debug()
            )))
        }
    }
}

fn read_input(path: &Path) -> Result<String, CallError> {
    let read = if path == Path::new("-") {
        let mut text = String::new();
        io::stdin().lock().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    read.map_err(|error| CallError::Usage(format!("`{}` cannot be read: {error}", path.display())))
}

/// The request, and the `request_id` that was filled in where the document gives none.
fn compose(
    descriptor: &MessageDescriptor,
    text: &str,
    set: &[String],
) -> Result<(DynamicMessage, Option<Uuid>), CallError> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    let usage =
        |problem: String| CallError::Usage(format!("the request cannot be sent: {problem}"));
    let mut document: Value =
        serde_json::from_str(text).map_err(|error| usage(error.to_string()))?;
    for assignment in set {
        json::set(descriptor, &mut document, assignment).map_err(CallError::Usage)?;
    }
    let id_field = descriptor
        .get_field_by_name("request_id")
        .filter(|field| field.kind() == Kind::String && !json::gives(&document, field));
    let mut filled_in = None;
    if let (Some(field), Some(object)) = (id_field, document.as_object_mut()) {
        let id = filled_in.insert(Uuid::now_v7());
        object.insert(field.json_name().to_owned(), Value::String(id.to_string()));
    }
    let message =
        json::from_json(descriptor.clone(), &document.to_string()).map_err(|problem| {
            // The text as it was given has the line and column that a person can find again.
            usage(
                json::from_json(descriptor.clone(), text)
                    .err()
                    .unwrap_or(problem),
            )
        })?;
    Ok((message, filled_in))
}

// === the connection ===

fn is_on_this_machine(address: &str) -> bool {
    let Ok(uri) = address.parse::<http::Uri>() else {
        return false;
    };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

async fn connect(args: &CallArgs, address: &str) -> Result<Channel, CallError> {
    let usage = |error: tonic::transport::Error| {
        CallError::Usage(format!(
            "`{}` cannot be called: {}",
            address.escape_debug(),
            root_cause(&error)
        ))
    };
    let mut endpoint = Endpoint::from_shared(address.to_owned()).map_err(usage)?;
    if let Some(ca) = &args.ca {
        let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(read_input(ca)?));
        if let (Some(cert), Some(key)) = (&args.cert, &args.key) {
            tls = tls.identity(Identity::from_pem(read_input(cert)?, read_input(key)?));
        }
        endpoint = endpoint.tls_config(tls).map_err(usage)?;
    } else if address.starts_with("https://") {
        return Err(CallError::Usage(format!(
            "`{address}` needs `--ca`, the authority of its certificate"
        )));
    }
    endpoint
        .connect()
        .await
        .map_err(|error| unreachable_at(address, &error))
}

fn unreachable_at(address: &str, error: &(dyn Error + 'static)) -> CallError {
    CallError::Unreachable {
        address: address.to_owned(),
        cause: root_cause(error),
    }
}

fn root_cause(error: &(dyn Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| (*error).source())
        .last()
        .map_or_else(String::new, ToString::to_string)
}

// === the exchange ===

async fn exchange(
    channel: Channel,
    address: &str,
    method: &MethodDescriptor,
    message: DynamicMessage,
    token: Option<&str>,
    out: &mut impl Write,
) -> Result<(), CallError> {
    let mut request = Request::new(message);
    if let Some(token) = token {
        let mut value: MetadataValue<Ascii> = format!("Bearer {token}")
            .parse()
            .map_err(|_| CallError::Usage("the token has characters that no token has".into()))?;
        value.set_sensitive(true);
        request.metadata_mut().insert("authorization", value);
    }
    let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
    let path = path
        .parse()
        .map_err(|_| CallError::Other(format!("`{path}` is no path")))?;
    let codec = DynamicCodec {
        answer: method.output(),
    };
    let refused = |status: Status| refusal(address, &status);
    let mut grpc = Grpc::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX);
    grpc.ready()
        .await
        .map_err(|error| unreachable_at(address, &error))?;
    if method.is_server_streaming() {
        let answer = grpc
            .server_streaming(request, path, codec)
            .await
            .map_err(refused)?;
        let mut messages = answer.into_inner();
        while let Some(message) = messages.message().await.map_err(refused)? {
            if !print(&message, out)? {
                break;
            }
        }
    } else {
        let answer = grpc.unary(request, path, codec).await.map_err(refused)?;
        print(answer.get_ref(), out)?;
    }
    Ok(())
}

/// Whether someone still reads: a closed pipe ends a stream without an error.
fn print(message: &DynamicMessage, out: &mut impl Write) -> Result<bool, CallError> {
    let text = json::to_json(message).map_err(CallError::Other)?;
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(CallError::Other(format!(
            "the answer cannot be written: {error}"
        ))),
    }
}

/// Messages that are known by their descriptors alone.
#[derive(Clone)]
struct DynamicCodec {
    answer: MessageDescriptor,
}

impl Codec for DynamicCodec {
    type Encode = DynamicMessage;
    type Decode = DynamicMessage;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        self.clone()
    }

    fn decoder(&mut self) -> Self {
        self.clone()
    }
}

impl Encoder for DynamicCodec {
    type Item = DynamicMessage;
    type Error = Status;

    fn encode(&mut self, item: DynamicMessage, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(buffer)
            .map_err(|error| Status::internal(error.to_string()))
    }
}

impl Decoder for DynamicCodec {
    type Item = DynamicMessage;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<DynamicMessage>, Status> {
        let message = DynamicMessage::decode(self.answer.clone(), buffer);
        message
            .map(Some)
            .map_err(|error| Status::internal(error.to_string()))
    }
}

// === the refusal ===

fn refusal(address: &str, status: &Status) -> CallError {
    match status.source() {
        // A status with a cause was made on this side: the connection broke.
        Some(cause) if status.code() == Code::Unavailable => unreachable_at(address, cause),
        _ => CallError::Refused {
            code: status.code(),
            report: report(status),
        },
    }
}

/// The code's name, the message, and a line for each detail.
fn report(status: &Status) -> String {
    let mut lines = vec![format!(
        "{}: {}",
        code_name(status.code()),
        status.message()
    )];
    let details = status.get_error_details();
    for violation in details
        .bad_request()
        .iter()
        .flat_map(|it| &it.field_violations)
    {
        lines.push(format!("{}: {}", violation.field, violation.description));
    }
    for violation in details
        .precondition_failure()
        .iter()
        .flat_map(|it| &it.violations)
    {
        lines.push(format!("{}: {}", violation.r#type, violation.description));
    }
    if let Some(info) = details.error_info() {
        lines.push(format!("reason: {} ({})", info.reason, info.domain));
        let mut metadata: Vec<_> = info
            .metadata
            .iter()
            .map(|(key, value)| format!("{key}: {value}"))
            .collect();
        metadata.sort();
        lines.extend(metadata);
    }
    if let Some(resource) = details.resource_info() {
        let (kind, name) = (&resource.resource_type, &resource.resource_name);
        lines.push(format!(
            "resource: {kind} `{name}`: {}",
            resource.description
        ));
    }
    if let Some(delay) = details.retry_info().and_then(|it| it.retry_delay) {
        lines.push(format!("try again after: {delay:?}"));
    }
    if let Some(info) = details.request_info() {
        lines.push(format!("request: {}", info.request_id));
    }
    lines.join("\n  ")
}

fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::Future;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use std::time::Duration;

    use tonic::Response;
    use tonic::body::Body;
    use tonic_types::{ErrorDetails, PreconditionViolation};

    use super::*;

    fn method(name: &str) -> Result<MethodDescriptor, CallError> {
        resolve(
            &DescriptorPool::decode(crate::wire::DESCRIPTOR).expect("the contract"),
            name,
        )
    }

    #[test]
    fn a_method_is_found_by_its_name_with_or_without_what_stands_before_it() {
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
    fn a_request_id_is_filled_in_once() {
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
    fn what_is_wrong_with_a_request_is_said_with_its_place() {
        let submit = method("SubmitSecondOpinion").expect("a method").input();
        for (text, told) in [
            ("{\n\"membr\": 1}", "'membr' at line 2"),
            ("{", "line 1"),
            ("[]", "line 1"),
        ] {
            let problem = compose(&submit, text, &[]).expect_err(text);
            assert!(
                matches!(&problem, CallError::Usage(message) if message.contains(told)),
                "{problem}"
            );
        }
    }

    #[test]
    fn the_development_identity_is_shown_to_this_machine_alone() {
        for here in [
            "http://127.0.0.1:50051",
            "http://[::1]:1",
            "https://localhost:1",
        ] {
            assert!(is_on_this_machine(here), "{here}");
        }
        for elsewhere in [
            "http://192.0.2.1:50051",
            "http://localhost.example.org",
            "http://",
        ] {
            assert!(!is_on_this_machine(elsewhere), "{elsewhere}");
        }
    }

    #[test]
    fn a_report_has_every_detail() {
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
             try again after: 2s\n  \
             request: r1"
        );
    }

    /// A server that answers whoever shows a token with an empty message, and a watch with two of them.
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
    async fn answers_are_printed_one_document_a_message() {
        let (result, printed) = try_call("GetDetermination", Some("t")).await;
        assert_eq!((result.is_ok(), printed.as_str()), (true, "{}\n"));
        let (result, printed) = try_call("WatchDeterminations", None).await;
        assert_eq!((result.is_ok(), printed.as_str()), (true, "{}\n{}\n"));
    }

    #[tokio::test]
    async fn a_refusal_carries_its_code() {
        let (result, printed) = try_call("GetDetermination", None).await;
        let error = result.expect_err("a refusal");
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
    async fn an_address_without_a_server_is_named() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        drop(listener);
        let args = CallArgs {
            method: "GetPolicy".into(),
            file: "/dev/null".into(),
            set: Vec::new(),
            to: address.clone(),
            token: None,
            ca: None,
            cert: None,
            key: None,
        };
        let error = call(&args, None, crate::wire::DESCRIPTOR)
            .await
            .expect_err("no server");
        assert!(matches!(error, CallError::Unreachable { .. }), "{error}");
        assert!(error.to_string().contains(&address), "{error}");
    }
}
