//! What is called, and how long does each call take?

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use second_opinion::wire::{parse, v1};
use uuid::{Builder, Uuid};

use crate::process::Program;
use crate::request::request;
use crate::sample::Sample;
use crate::seed::{self, Client};

/// A kind of call.
#[derive(Clone, Copy)]
pub enum Call {
    Get,
    FirstPage,
    DeepPage,
    Submit,
}

impl Call {
    pub const ALL: [Self; 4] = [Self::Get, Self::FirstPage, Self::DeepPage, Self::Submit];

    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GetDetermination of a case by chance",
            Self::FirstPage => "ListDeterminations, PENDING_REVIEW: the first page of 50",
            Self::DeepPage => "the same: a page by chance in its second half",
            Self::Submit => "SubmitSecondOpinion",
        }
    }
}

/// A service on a store, and what to ask of it.
pub struct Target {
    client: Client,
    sample: Sample,
    deep: Vec<v1::ListDeterminationsRequest>,
    turn: AtomicUsize,
    // Ended after the client is gone.
    _server: Program,
    _data: tempfile::TempDir,
}

impl Target {
    pub async fn start(url: &str, sample: Sample) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let server = Program::server(data.path(), Some(url)).await;
        let first = first_page();
        let query = parse::list_determinations(&first).expect("a list");
        let deep = sample
            .deep
            .iter()
            .map(|place| v1::ListDeterminationsRequest {
                page_token: parse::page_token(*place, query.fingerprint),
                ..first.clone()
            });
        Self {
            client: seed::client(&server).await,
            deep: deep.collect(),
            sample,
            turn: AtomicUsize::new(0),
            _server: server,
            _data: data,
        }
    }

    /// How long each of so many calls takes.
    pub async fn time(&self, call: Call, calls: usize, in_flight: usize) -> Vec<Duration> {
        let callers = (0..in_flight).map(|_| async {
            let mut client = self.client.clone();
            let mut took = Vec::with_capacity(calls / in_flight);
            for _ in 0..calls / in_flight {
                took.push(self.once(&mut client, call).await);
            }
            took
        });
        join_all(callers).await.concat()
    }

    async fn once(&self, client: &mut Client, call: Call) -> Duration {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        match call {
            Call::Get => {
                let id = self.sample.cases[turn % self.sample.cases.len()];
                let request = v1::GetDeterminationRequest {
                    determination_id: id.to_string(),
                    ..v1::GetDeterminationRequest::default()
                };
                let began = Instant::now();
                client.get_determination(request).await.expect("a case");
                began.elapsed()
            }
            Call::FirstPage => page(client, first_page()).await,
            Call::DeepPage => page(client, self.deep[turn % self.deep.len()].clone()).await,
            Call::Submit => {
                let request = v1::SubmitSecondOpinionRequest {
                    request_id: random_id().to_string(),
                    second_opinion: Some(request()),
                };
                let began = Instant::now();
                client.submit_second_opinion(request).await.expect("a case");
                began.elapsed()
            }
        }
    }
}

fn first_page() -> v1::ListDeterminationsRequest {
    v1::ListDeterminationsRequest {
        states: vec![v1::State::PendingReview.into()],
        ..v1::ListDeterminationsRequest::default()
    }
}

async fn page(client: &mut Client, request: v1::ListDeterminationsRequest) -> Duration {
    let began = Instant::now();
    let page = client.list_determinations(request).await.expect("a page");
    let took = began.elapsed();
    // A page at the very end holds fewer; one in the wrong place would hold none.
    assert!(
        !page.into_inner().determinations.is_empty(),
        "an empty page"
    );
    took
}

/// An id of which no part rises with the time.
fn random_id() -> Uuid {
    let bytes = Uuid::now_v7();
    let spread = second_opinion::case::Digest::of(bytes.as_bytes()).0;
    let mut random = [0; 16];
    random.copy_from_slice(&spread[..16]);
    Builder::from_random_bytes(random).into_uuid()
}
