//! Closed-loop load: calls with a fixed number in flight. Messages are sent and received as undecoded bytes, so that the
//! driver, which shares the machine's cores with the server, costs little, and the same for every server.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::{Buf as _, BufMut as _, Bytes};
use http::uri::PathAndQuery;
use prost::Message as _;
use second_opinion::wire::v1;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;
use tonic::{Request, Status};
use uuid::Uuid;

use crate::process::ServerProcess;
use crate::request::request;
use crate::{CONNECTIONS, IN_FLIGHT};

/// The calls of a workload: connections to a server, the method and its messages.
pub struct Load {
    channels: Vec<Channel>,
    path: PathAndQuery,
    token: Option<MetadataValue<Ascii>>,
    payload: Payload,
    response_bytes: usize,
    /// Some of the determinations that submissions created.
    determination_ids: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone)]
enum Payload {
    /// The same bytes for each call.
    Constant(Bytes),
    /// A message that gets a new `request_id` for each call, written at an offset.
    NewRequestId(Bytes, usize),
    /// The messages in turn, repeated.
    Cycle(Arc<Vec<Bytes>>),
    /// Each message once, over all callers.
    Once(Arc<Vec<Bytes>>, Arc<AtomicUsize>),
}

/// The result of a round.
pub struct Round {
    pub calls: usize,
    pub elapsed: Duration,
}

impl Round {
    /// Calls per second.
    #[allow(
        clippy::cast_precision_loss,
        reason = "a rate needs no more than 52 bits"
    )]
    pub fn rate(&self) -> f64 {
        self.calls as f64 / self.elapsed.as_secs_f64()
    }
}

pub fn median(rates: &[f64]) -> f64 {
    let mut sorted = rates.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

impl Load {
    /// Submissions of a routine request without unknown facts.
    pub async fn submissions(server: &ServerProcess) -> Self {
        let id = Uuid::nil().to_string();
        let request = v1::SubmitSecondOpinionRequest {
            request_id: id.clone(),
            second_opinion: Some(request()),
        };
        let bytes = request.encode_to_vec();
        let offset = bytes
            .windows(id.len())
            .position(|window| window == id.as_bytes())
            .expect("the id");
        Self::new(
            server,
            "um.secondopinion.v1.SecondOpinionService/SubmitSecondOpinion",
            Payload::NewRequestId(bytes.into(), offset),
        )
        .await
    }

    /// Reads, in the BASIC view, of determinations that submissions created.
    pub async fn reads(server: &ServerProcess, submissions: &Self) -> Self {
        let requests = submissions
            .determination_ids()
            .into_iter()
            .map(|determination_id| {
                let request = v1::GetDeterminationRequest {
                    determination_id,
                    ..v1::GetDeterminationRequest::default()
                };
                Bytes::from(request.encode_to_vec())
            });
        let payload = Payload::Cycle(Arc::new(requests.collect()));
        Self::new(
            server,
            "um.secondopinion.v1.SecondOpinionService/GetDetermination",
            payload,
        )
        .await
    }

    /// Echoes of a message of a size in bytes.
    pub async fn echoes(echo: &ServerProcess, bytes: usize) -> Self {
        let mut message = v1::SubmitSecondOpinionRequest {
            request_id: String::new(),
            second_opinion: Some(request()),
        };
        let padding = bytes.saturating_sub(message.encoded_len() + 3);
        message.request_id = "x".repeat(padding);
        Self::new(
            echo,
            "echo.Echo/Echo",
            Payload::Constant(message.encode_to_vec().into()),
        )
        .await
    }

    /// Calls with the same message each time.
    pub async fn constant(
        server: &ServerProcess,
        path: &str,
        message: &impl prost::Message,
    ) -> Self {
        Self::new(
            server,
            path,
            Payload::Constant(message.encode_to_vec().into()),
        )
        .await
    }

    /// Calls that can succeed only once each. A round ends when none is left.
    pub async fn once(server: &ServerProcess, path: &str, messages: Vec<Bytes>) -> Self {
        let next = Arc::new(AtomicUsize::new(0));
        Self::new(server, path, Payload::Once(Arc::new(messages), next)).await
    }

    /// Some of the determinations that submissions created.
    pub fn determination_ids(&self) -> Vec<String> {
        self.determination_ids.lock().expect("a lock").clone()
    }

    async fn new(server: &ServerProcess, path: &str, payload: Payload) -> Self {
        let mut channels = Vec::new();
        for _ in 0..CONNECTIONS {
            channels.push(server.channel().await);
        }
        let token = (!server.token.is_empty())
            .then(|| format!("Bearer {}", server.token).parse().expect("a token"));
        let path: PathAndQuery = format!("/{path}").parse().expect("a path");
        let mut load = Self {
            channels,
            path,
            token,
            payload,
            response_bytes: 0,
            determination_ids: Arc::default(),
        };
        let first = load.call(&mut load.grpc(0), 0).await;
        load.response_bytes = first.expect("a response").len();
        load
    }

    /// The method's path and one of the messages.
    pub fn sample(&self) -> (&str, Bytes) {
        let message = match &self.payload {
            Payload::Constant(bytes) | Payload::NewRequestId(bytes, _) => bytes.clone(),
            Payload::Cycle(messages) | Payload::Once(messages, _) => messages[0].clone(),
        };
        (self.path.as_str().trim_start_matches('/'), message)
    }

    /// The size of a message.
    pub fn message_bytes(&self) -> usize {
        match &self.payload {
            Payload::Constant(bytes) | Payload::NewRequestId(bytes, _) => bytes.len(),
            Payload::Cycle(messages) | Payload::Once(messages, _) => messages[0].len(),
        }
    }

    /// The size of a response.
    pub fn response_bytes(&self) -> usize {
        self.response_bytes
    }

    /// The client of one caller.
    pub fn grpc(&self, caller: usize) -> Grpc<Channel> {
        Grpc::new(self.channels[caller % self.channels.len()].clone())
    }

    /// Makes a call and returns the response; `None` if no message is left. An error status ends the benchmark.
    pub async fn call(&self, grpc: &mut Grpc<Channel>, turn: usize) -> Option<Bytes> {
        let result = self.try_call(grpc, turn).await?;
        Some(result.expect("a response"))
    }

    /// Makes a call and returns its result; `None` if no message is left.
    pub async fn try_call(
        &self,
        grpc: &mut Grpc<Channel>,
        turn: usize,
    ) -> Option<Result<Bytes, Status>> {
        let bytes = self.message(turn)?;
        let mut request = Request::new(bytes);
        if let Some(token) = &self.token {
            request
                .metadata_mut()
                .insert("authorization", token.clone());
        }
        grpc.ready().await.expect("ready");
        let result = grpc.unary(request, self.path.clone(), RawCodec).await;
        Some(result.map(tonic::Response::into_inner))
    }

    /// The message of a call; `None` if none is left.
    pub fn message(&self, turn: usize) -> Option<Bytes> {
        Some(match &self.payload {
            Payload::Once(messages, next) => {
                let next = next.fetch_add(1, Ordering::Relaxed);
                messages.get(next)?.clone()
            }
            Payload::Constant(bytes) => bytes.clone(),
            Payload::Cycle(messages) => messages[turn % messages.len()].clone(),
            Payload::NewRequestId(bytes, offset) => {
                let mut message = bytes.to_vec();
                let mut id = Uuid::encode_buffer();
                let id = Uuid::now_v7().hyphenated().encode_lower(&mut id);
                message[*offset..offset + id.len()].copy_from_slice(id.as_bytes());
                message.into()
            }
        })
    }

    /// Makes calls for a time, and counts the responses.
    pub async fn run(&self, time: Duration) -> Round {
        let (stop, calls) = (AtomicBool::new(false), AtomicUsize::new(0));
        let began = Instant::now();
        let callers = (0..IN_FLIGHT).map(|caller| {
            let (stop, calls) = (&stop, &calls);
            let mut grpc = self.grpc(caller);
            async move {
                let mut turn = caller * 7_919;
                while !stop.load(Ordering::Relaxed) {
                    let Some(response) = self.call(&mut grpc, turn).await else {
                        stop.store(true, Ordering::Relaxed);
                        break;
                    };
                    turn += 1;
                    calls.fetch_add(1, Ordering::Relaxed);
                    if turn % 64 == 0 && matches!(self.payload, Payload::NewRequestId(..)) {
                        self.keep_id(response);
                    }
                }
            }
        });
        let timer = async {
            tokio::time::sleep(time).await;
            stop.store(true, Ordering::Relaxed);
            // Calls in flight still get their responses.
            std::future::pending::<()>().await;
        };
        tokio::select! {
            _ = futures::future::join_all(callers) => {}
            () = timer => {}
        }
        Round {
            calls: calls.into_inner(),
            elapsed: began.elapsed(),
        }
    }

    /// Keeps the id of a created determination for the reads.
    fn keep_id(&self, response: Bytes) {
        let response = v1::SubmitSecondOpinionResponse::decode(response).expect("a response");
        let id = response
            .determination
            .expect("a determination")
            .determination_id;
        self.determination_ids.lock().expect("a lock").push(id);
    }
}

/// A codec that passes bytes through.
#[derive(Clone, Copy)]
struct RawCodec;

impl Codec for RawCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
