//! A caller who keeps what it sends and how it was refused.

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
    /// The token of someone who may do nothing.
    pub without_scopes: String,
    /// What was sent and taken, by path.
    pub sent: Vec<(String, Vec<u8>)>,
    /// The calls that were made.
    pub paths: BTreeSet<String>,
    pub refusals: Vec<Status>,
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
            refusals: Vec::new(),
        }
    }

    /// A call that is answered; gives its answer's bytes.
    pub async fn call(&mut self, rpc: &str, message: &impl Message) -> Vec<u8> {
        self.taken(format!("{CALLS}{rpc}"), message).await
    }

    /// The same of the other service.
    pub async fn policy(&mut self, rpc: &str, message: &impl Message) -> Vec<u8> {
        self.taken(format!("{POLICY}{rpc}"), message).await
    }

    async fn taken(&mut self, path: String, message: &impl Message) -> Vec<u8> {
        let bytes = message.encode_to_vec();
        let answer = self.send(&path, &bytes, &[]).await;
        assert_eq!(answer.status.code(), Code::Ok, "{path}: {}", answer.status);
        self.sent.push((path, bytes));
        // Behind the flag and the length.
        answer.body[5..].to_vec()
    }

    /// A call that may be refused.
    pub async fn try_call(&mut self, rpc: &str, message: &impl Message) {
        let path = format!("{CALLS}{rpc}");
        let bytes = message.encode_to_vec();
        self.send(&path, &bytes, &[]).await;
        self.sent.push((path, bytes));
    }

    /// Files a request; gives its determination's id.
    pub async fn submit(&mut self, request: &v1::SubmitSecondOpinionRequest) -> String {
        let answer = self.call("SubmitSecondOpinion", request).await;
        let answer = v1::SubmitSecondOpinionResponse::decode(&*answer).expect("an answer");
        answer.determination.expect("it").determination_id
    }

    /// Sends bytes with headers, as one who may do anything.
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

    /// Sends bytes with a token or with none.
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
            self.refusals.push(answer.status.clone());
        }
        answer
    }

    /// Files a request over gRPC-Web and HTTP/1.1.
    pub async fn submit_from_a_browser(&mut self, request: &v1::SubmitSecondOpinionRequest) {
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
        let answer = sender.send_request(request).await.expect("an answer");
        let body = answer.into_body().collect().await.expect("a body");
        let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        assert!(body.contains("grpc-status:0"), "{body}");
        connection.abort();
    }

    /// Looks at the log's first event, and goes.
    pub async fn watch(&mut self) {
        let mut client: Client = self.server.client_with(Some(&self.token)).await;
        let request = v1::WatchDeterminationsRequest {
            cursor: "0".to_owned(),
        };
        let stream = client.watch_determinations(request.clone()).await;
        let first = stream.expect("a stream").into_inner().message().await;
        let first = first.expect("no error").expect("an event");
        assert_eq!(crate::hunt::find(&first.encode_to_vec()), None);
        self.paths.insert(format!("{CALLS}WatchDeterminations"));
    }
}

/// What a scraper sees.
pub async fn metrics(ops: SocketAddr) -> String {
    let mut stream = TcpStream::connect(ops).await.expect("a connection");
    let request = "GET /metrics HTTP/1.1\r\nhost: ops\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("text");
    answer
}
