//! A client that records its requests and the errors it receives.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use prost::Message;
use second_opinion::identity::ActorType;
use second_opinion::wire::v1;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::{Code, Status};

use crate::support::raw::{Answer, exchange, frame};
use crate::support::server::{Client, EVERY_SCOPE, TestServer};

const CALLS: &str = "/um.secondopinion.v1.SecondOpinionService/";
const POLICY: &str = "/um.secondopinion.v1.PolicyService/";

pub struct Caller<'a> {
    server: &'a TestServer,
    address: String,
    token: String,
    /// A token without scopes.
    pub without_scopes: String,
    /// The path and message of each request.
    pub sent: Vec<(String, Vec<u8>)>,
    /// The paths of successful calls.
    pub paths: BTreeSet<String>,
    pub errors: Vec<Status>,
}

impl<'a> Caller<'a> {
    pub fn new(server: &'a TestServer) -> Self {
        Self {
            server,
            address: server.address.clone(),
            token: server.token("reviewer", EVERY_SCOPE, ActorType::Person),
            without_scopes: server.token("reader", "", ActorType::Service),
            sent: Vec::new(),
            paths: BTreeSet::new(),
            errors: Vec::new(),
        }
    }

    /// Makes a call that must succeed, and returns the response's bytes.
    pub async fn call(&mut self, rpc: &str, message: &impl Message) -> Vec<u8> {
        self.call_path(format!("{CALLS}{rpc}"), message).await
    }

    /// The same for the policy service.
    pub async fn policy(&mut self, rpc: &str, message: &impl Message) -> Vec<u8> {
        self.call_path(format!("{POLICY}{rpc}"), message).await
    }

    async fn call_path(&mut self, path: String, message: &impl Message) -> Vec<u8> {
        let bytes = message.encode_to_vec();
        let answer = self.send(&path, &bytes, &[]).await;
        assert_eq!(answer.status.code(), Code::Ok, "{path}: {}", answer.status);
        self.sent.push((path, bytes));
        // Without the frame's flag and length.
        answer.body[5..].to_vec()
    }

    /// Makes a call that may fail.
    pub async fn try_call(&mut self, rpc: &str, message: &impl Message) {
        let path = format!("{CALLS}{rpc}");
        let bytes = message.encode_to_vec();
        self.send(&path, &bytes, &[]).await;
        self.sent.push((path, bytes));
    }

    /// Submits a request, and returns its determination's id.
    pub async fn submit(&mut self, request: &v1::SubmitSecondOpinionRequest) -> String {
        let response = self.call("SubmitSecondOpinion", request).await;
        let response = v1::SubmitSecondOpinionResponse::decode(&*response).expect("a response");
        let case = response.determination.expect("a determination");
        case.determination_id
    }

    /// Sends bytes with headers and a token with every scope.
    pub async fn send(
        &mut self,
        path: &str,
        bytes: &[u8],
        headers: &[(&'static str, String)],
    ) -> Answer {
        let mut all = vec![("authorization", format!("Bearer {}", self.token))];
        all.extend_from_slice(headers);
        self.send_with(path, bytes, &all).await
    }

    /// Sends bytes with a token or without.
    pub async fn send_as(&mut self, path: &str, bytes: &[u8], token: Option<&str>) {
        let headers: Vec<_> = token
            .map(|token| ("authorization", format!("Bearer {token}")))
            .into_iter()
            .collect();
        self.send_with(path, bytes, &headers).await;
    }

    async fn send_with(
        &mut self,
        path: &str,
        bytes: &[u8],
        headers: &[(&'static str, String)],
    ) -> Answer {
        let answer = exchange(&self.address, path, frame(0, bytes), headers).await;
        if answer.status.code() == Code::Ok {
            self.paths.insert(path.to_owned());
        } else {
            self.errors.push(answer.status.clone());
        }
        answer
    }

    /// Submits a request over gRPC-Web and HTTP/1.1.
    pub async fn submit_by_grpc_web(&mut self, request: &v1::SubmitSecondOpinionRequest) {
        let message = request.encode_to_vec();
        let stream = TcpStream::connect(self.address.trim_start_matches("http://")).await;
        let io = TokioIo::new(stream.expect("a connection"));
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io)
            .await
            .expect("a handshake");
        let connection = tokio::spawn(connection);
        let request = http::Request::post(format!("{CALLS}SubmitSecondOpinion"))
            .header("host", "service")
            .header("content-type", "application/grpc-web+proto")
            .header("authorization", format!("Bearer {}", self.token))
            .body(Full::new(Bytes::from(frame(0, &message))))
            .expect("a request");
        let response = sender.send_request(request).await.expect("a response");
        let body = response.into_body().collect().await.expect("a body");
        let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        assert!(body.contains("grpc-status:0"), "{body}");
        connection.abort();
    }

    /// Watches until the log's first event.
    pub async fn watch(&mut self) {
        let mut client: Client = self.server.client_with(Some(&self.token)).await;
        let request = v1::WatchDeterminationsRequest {
            cursor: "0".to_owned(),
        };
        let stream = client.watch_determinations(request.clone()).await;
        let first = stream.expect("a stream").into_inner().message().await;
        let first = first.expect("no error").expect("an event");
        assert_eq!(crate::search::find(&first.encode_to_vec()), None);
        self.paths.insert(format!("{CALLS}WatchDeterminations"));
    }
}

/// Reads the metrics as a scraper does.
pub async fn metrics(ops: SocketAddr) -> String {
    let mut stream = TcpStream::connect(ops).await.expect("a connection");
    let request = "GET /metrics HTTP/1.1\r\nhost: ops\r\nconnection: close\r\n\r\n";
    stream
        .write_all(request.as_bytes())
        .await
        .expect("a request");
    let mut response = String::new();
    stream.read_to_string(&mut response).await.expect("text");
    response
}
