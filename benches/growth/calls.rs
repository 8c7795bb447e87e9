//! The measured calls and their latencies.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use second_opinion::wire::{parse, v1};
use uuid::{Builder, Uuid};

use crate::process::ServerProcess;
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
            Self::Get => "GetDetermination of a random case",
            Self::FirstPage => "ListDeterminations, PENDING_REVIEW: the first page of 50",
            Self::DeepPage => "the same: a random page in its second half",
            Self::Submit => "SubmitSecondOpinion",
        }
    }
}

/// A service on a store, with the requests to send to it.
pub struct Target {
    client: Client,
    sample: Sample,
    deep: Vec<v1::ListDeterminationsRequest>,
    next: AtomicUsize,
    // Dropped after the client.
    _server: ServerProcess,
    _data: tempfile::TempDir,
}

impl Target {
    pub async fn start(url: &str, sample: Sample) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let server = ServerProcess::service(data.path(), Some(url)).await;
        let first = first_page();
        let query = parse::list_determinations(&first).expect("a list");
        let deep = sample
            .deep
            .iter()
            .map(|cursor| v1::ListDeterminationsRequest {
                page_token: parse::page_token(*cursor, query.fingerprint),
                ..first.clone()
            });
        Self {
            client: seed::client(&server).await,
            deep: deep.collect(),
            sample,
            next: AtomicUsize::new(0),
            _server: server,
            _data: data,
        }
    }

    /// Measures the latency of each of `calls` calls, with `in_flight` of them at a time.
    pub async fn time(&self, call: Call, calls: usize, in_flight: usize) -> Vec<Duration> {
        let callers = (0..in_flight).map(|_| async {
            let mut client = self.client.clone();
            let mut latencies = Vec::with_capacity(calls / in_flight);
            for _ in 0..calls / in_flight {
                latencies.push(self.call_once(&mut client, call).await);
            }
            latencies
        });
        join_all(callers).await.concat()
    }

    async fn call_once(&self, client: &mut Client, call: Call) -> Duration {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        match call {
            Call::Get => {
                let id = self.sample.cases[next % self.sample.cases.len()];
                let request = v1::GetDeterminationRequest {
                    determination_id: id.to_string(),
                    ..v1::GetDeterminationRequest::default()
                };
                let began = Instant::now();
                client.get_determination(request).await.expect("a case");
                began.elapsed()
            }
            Call::FirstPage => page(client, first_page()).await,
            Call::DeepPage => page(client, self.deep[next % self.deep.len()].clone()).await,
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
    let latency = began.elapsed();
    // The last page may hold fewer entries; a page after the end would hold none.
    assert!(
        !page.into_inner().determinations.is_empty(),
        "the page is empty"
    );
    latency
}

/// A UUID without the time prefix of version 7.
fn random_id() -> Uuid {
    let bytes = Uuid::now_v7();
    let spread = second_opinion::case::Digest::of(bytes.as_bytes()).0;
    let mut random = [0; 16];
    random.copy_from_slice(&spread[..16]);
    Builder::from_random_bytes(random).into_uuid()
}
