//! A trace collector that keeps the requests it receives.

use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use second_opinion::config::Tls;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Identity, Server, ServerTlsConfig};
use tonic::{Request, Response, Status};

type Kept = Arc<Mutex<Vec<ExportTraceServiceRequest>>>;

/// A trace collector that stops when it is dropped.
pub struct Collector {
    pub endpoint: String,
    kept: Kept,
    serving: JoinHandle<()>,
}

struct Service(Kept);

#[tonic::async_trait]
impl TraceService for Service {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.0.lock().expect("sound").push(request.into_inner());
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    pub async fn start() -> Self {
        Self::start_on("http", Server::builder()).await
    }

    /// A collector that presents a certificate.
    pub async fn start_secured(tls: &Tls) -> Self {
        let [cert, key] = [&tls.cert, &tls.key].map(|path| std::fs::read(path).expect("a file"));
        let tls = ServerTlsConfig::new().identity(Identity::from_pem(cert, key));
        let server = Server::builder().tls_config(tls).expect("a certificate");
        Self::start_on("https", server).await
    }

    async fn start_on(scheme: &str, mut server: Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let endpoint = format!("{scheme}://localhost:{port}");
        let kept = Kept::default();
        let service = TraceServiceServer::new(Service(Arc::clone(&kept)));
        let serving = tokio::spawn(async move {
            server
                .add_service(service)
                .serve_with_incoming(TcpListenerStream::new(listener))
                .await
                .expect("served");
        });
        Self {
            endpoint,
            kept,
            serving,
        }
    }

    /// The requests that it has received.
    pub fn requests(&self) -> Vec<ExportTraceServiceRequest> {
        self.kept.lock().expect("sound").clone()
    }

    /// The spans that it has received.
    pub fn spans(&self) -> Vec<Span> {
        let requests = self.requests().into_iter();
        let scopes = requests
            .flat_map(|request| request.resource_spans)
            .flat_map(|resource| resource.scope_spans);
        scopes.flat_map(|scope| scope.spans).collect()
    }

    /// The spans of one trace, given its id in hexadecimal digits.
    pub fn spans_of(&self, trace: &str) -> Vec<Span> {
        let mut spans = self.spans();
        spans.retain(|span| hex(&span.trace_id) == trace);
        spans
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string");
        text
    })
}

/// An attribute's value as text, if the span has it.
pub fn attribute(span: &Span, name: &str) -> Option<String> {
    let found = span
        .attributes
        .iter()
        .find(|attribute| attribute.key == name)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        other => panic!("{name} is {other:?}"),
    }
}
