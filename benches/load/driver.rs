//! As many calls as fit, with a fixed number in flight. Bytes go out and come in undecoded, so that the driver, which
//! has the machine's cores in common with the server, costs little and the same for both servers.

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

use crate::process::Program;
use crate::request::request;
use crate::{CONNECTIONS, IN_FLIGHT};

/// What is sent, and to whom.
pub struct Load {
    channels: Vec<Channel>,
    path: PathAndQuery,
    token: Option<MetadataValue<Ascii>>,
    message: What,
    answer_bytes: usize,
    /// Determinations that a load of submissions made.
    made: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone)]
enum What {
    /// The same bytes each time.
    Same(Bytes),
    /// A request with a fresh `request_id` each time: the id stands at a place in the bytes.
    Fresh(Bytes, usize),
    /// One of these in turn.
    OneOf(Arc<Vec<Bytes>>),
    /// Each of these once, over all callers.
    Once(Arc<Vec<Bytes>>, Arc<AtomicUsize>),
}

/// What a round came to.
pub struct Round {
    pub calls: usize,
    pub took: Duration,
}

impl Round {
    /// Calls a second.
    #[allow(
        clippy::cast_precision_loss,
        reason = "a rate needs no more than 52 bits"
    )]
    pub fn rate(&self) -> f64 {
        self.calls as f64 / self.took.as_secs_f64()
    }
}

pub fn median(rates: &[f64]) -> f64 {
    let mut sorted = rates.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

impl Load {
    /// Submissions of a routine request with everything known.
    pub async fn submissions(server: &Program) -> Self {
        let id = Uuid::nil().to_string();
        let request = v1::SubmitSecondOpinionRequest {
            request_id: id.clone(),
            second_opinion: Some(request()),
        };
        let bytes = request.encode_to_vec();
        let at = bytes
            .windows(id.len())
            .position(|window| window == id.as_bytes())
            .expect("the id");
        Self::new(
            server,
            "um.secondopinion.v1.SecondOpinionService/SubmitSecondOpinion",
            What::Fresh(bytes.into(), at),
        )
        .await
    }

    /// Reads, in the BASIC view, of determinations that a load of submissions made.
    pub async fn reads(server: &Program, submissions: &Self) -> Self {
        let requests = submissions.made().into_iter().map(|determination_id| {
            let request = v1::GetDeterminationRequest {
                determination_id,
                ..v1::GetDeterminationRequest::default()
            };
            Bytes::from(request.encode_to_vec())
        });
        let what = What::OneOf(Arc::new(requests.collect()));
        Self::new(
            server,
            "um.secondopinion.v1.SecondOpinionService/GetDetermination",
            what,
        )
        .await
    }

    /// Echoes of a message of as many bytes.
    pub async fn echoes(echo: &Program, bytes: usize) -> Self {
        let mut message = v1::SubmitSecondOpinionRequest {
            request_id: String::new(),
            second_opinion: Some(request()),
        };
        let rest = bytes.saturating_sub(message.encoded_len() + 3);
        message.request_id = "x".repeat(rest);
        Self::new(
            echo,
            "echo.Echo/Echo",
            What::Same(message.encode_to_vec().into()),
        )
        .await
    }

    /// A call of the same bytes each time.
    pub async fn same(server: &Program, path: &str, message: &impl prost::Message) -> Self {
        Self::new(server, path, What::Same(message.encode_to_vec().into())).await
    }

    /// Calls that can each be made once only. A round ends with them.
    pub async fn once(server: &Program, path: &str, messages: Vec<Bytes>) -> Self {
        let next = Arc::new(AtomicUsize::new(0));
        Self::new(server, path, What::Once(Arc::new(messages), next)).await
    }

    /// Some of the determinations that a load of submissions made.
    pub fn made(&self) -> Vec<String> {
        self.made.lock().expect("a lock").clone()
    }

    async fn new(server: &Program, path: &str, message: What) -> Self {
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
            message,
            answer_bytes: 0,
            made: Arc::default(),
        };
        let first = load.call(&mut load.grpc(0), 0).await;
        load.answer_bytes = first.expect("an answer").len();
        load
    }

    /// The path that is called, and one of its messages.
    pub fn sample(&self) -> (&str, Bytes) {
        let message = match &self.message {
            What::Same(bytes) | What::Fresh(bytes, _) => bytes.clone(),
            What::OneOf(messages) | What::Once(messages, _) => messages[0].clone(),
        };
        (self.path.as_str().trim_start_matches('/'), message)
    }

    /// The bytes of a message.
    pub fn message_bytes(&self) -> usize {
        match &self.message {
            What::Same(bytes) | What::Fresh(bytes, _) => bytes.len(),
            What::OneOf(messages) | What::Once(messages, _) => messages[0].len(),
        }
    }

    /// The bytes of an answer.
    pub fn answer_bytes(&self) -> usize {
        self.answer_bytes
    }

    /// The way of one caller.
    pub fn grpc(&self, caller: usize) -> Grpc<Channel> {
        Grpc::new(self.channels[caller % self.channels.len()].clone())
    }

    /// Calls, and gives the answer; `None`: there was no more to call. An error is no answer: it ends the benchmark.
    pub async fn call(&self, grpc: &mut Grpc<Channel>, turn: usize) -> Option<Bytes> {
        let answer = self.answer(grpc, turn).await?;
        Some(answer.expect("an answer"))
    }

    /// Calls, and gives what came of it; `None`: there was no more to call.
    pub async fn answer(
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
        let answer = grpc.unary(request, self.path.clone(), Raw).await;
        Some(answer.map(tonic::Response::into_inner))
    }

    /// What a call sends; `None`: there is no more to call.
    pub fn message(&self, turn: usize) -> Option<Bytes> {
        Some(match &self.message {
            What::Once(messages, next) => {
                let next = next.fetch_add(1, Ordering::Relaxed);
                messages.get(next)?.clone()
            }
            What::Same(bytes) => bytes.clone(),
            What::OneOf(messages) => messages[turn % messages.len()].clone(),
            What::Fresh(bytes, at) => {
                let mut fresh = bytes.to_vec();
                let mut id = Uuid::encode_buffer();
                let id = Uuid::now_v7().hyphenated().encode_lower(&mut id);
                fresh[*at..at + id.len()].copy_from_slice(id.as_bytes());
                fresh.into()
            }
        })
    }

    /// Calls for as long, and counts what was answered.
    pub async fn run(&self, time: Duration) -> Round {
        let (stop, calls) = (AtomicBool::new(false), AtomicUsize::new(0));
        let began = Instant::now();
        let callers = (0..IN_FLIGHT).map(|caller| {
            let (stop, calls) = (&stop, &calls);
            let mut grpc = self.grpc(caller);
            async move {
                let mut turn = caller * 7_919;
                while !stop.load(Ordering::Relaxed) {
                    let Some(answer) = self.call(&mut grpc, turn).await else {
                        stop.store(true, Ordering::Relaxed);
                        break;
                    };
                    turn += 1;
                    calls.fetch_add(1, Ordering::Relaxed);
                    if turn % 64 == 0 && matches!(self.message, What::Fresh(..)) {
                        self.keep(answer);
                    }
                }
            }
        });
        let ending = async {
            tokio::time::sleep(time).await;
            stop.store(true, Ordering::Relaxed);
            // Whoever waits for an answer gets it.
            std::future::pending::<()>().await;
        };
        tokio::select! {
            _ = futures::future::join_all(callers) => {}
            () = ending => {}
        }
        Round {
            calls: calls.into_inner(),
            took: began.elapsed(),
        }
    }

    /// Keeps some of the determinations made, for the reads.
    fn keep(&self, answer: Bytes) {
        let answer = v1::SubmitSecondOpinionResponse::decode(answer).expect("an answer");
        let id = answer
            .determination
            .expect("a determination")
            .determination_id;
        self.made.lock().expect("a lock").push(id);
    }
}

/// Bytes as they are.
#[derive(Clone, Copy)]
struct Raw;

impl Codec for Raw {
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

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
