//! Latency of submissions while many letters are rendered as PDF for the first time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use prost::Message as _;
use second_opinion::wire::v1;
use second_opinion::wire::v1::second_opinion_service_client::SecondOpinionServiceClient;
use tonic::Request;

use crate::driver::{Load, median};
use crate::kinds;
use crate::open_loop::Latencies;
use crate::process::ServerProcess;

/// Rounds, each with submissions alone and then during a burst.
const ROUNDS: usize = 5;
/// Letters in a burst, requested at the same time.
const LETTERS: usize = 200;
/// Duration of the submissions in a round: longer than a burst takes.
const TIME: Duration = Duration::from_secs(5);

/// The 99th percentiles of the submissions' latencies, and the duration of a burst, as medians of the rounds.
pub struct Burst {
    /// Milliseconds without other load.
    pub alone_ms: f64,
    /// Milliseconds while letters are rendered.
    pub during_ms: f64,
    /// Seconds until the last letter of a burst is received.
    pub seconds: f64,
    /// Letters in a burst.
    pub letters: usize,
}

impl Burst {
    /// Measures open-loop submissions at a fixed rate; `None` if this build renders no PDF.
    pub async fn measure(server: &ServerProcess, submit: &Arc<Load>, rate: f64) -> Option<Self> {
        if !cfg!(feature = "pdf") {
            return None;
        }
        let denials = kinds::denials(server, LETTERS * ROUNDS + 64).await;
        let (mut alone, mut during, mut bursts) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let notices = unrendered_notices(&denials).await;
            alone.push(Latencies::measure(submit, rate, TIME).await.quantile(990));
            let (latencies, burst) = tokio::join!(
                Latencies::measure(submit, rate, TIME),
                render(server, notices)
            );
            during.push(latencies.quantile(990));
            bursts.push(burst.as_secs_f64());
        }
        Some(Self {
            alone_ms: median(&alone),
            during_ms: median(&during),
            seconds: median(&bursts),
            letters: LETTERS,
        })
    }
}

/// Issues denials, and returns the ids of their letters, which were not rendered yet.
async fn unrendered_notices(denials: &Load) -> Vec<String> {
    let mut notices = Vec::new();
    for nth in 0..LETTERS {
        let response = denials.call(&mut denials.grpc(nth), nth).await;
        let response = v1::IssueDenialResponse::decode(response.expect("a case to deny"));
        let case = response.expect("a response").determination;
        let case = case.expect("a determination");
        notices.push(case.notices.first().expect("a letter").notice_id.clone());
    }
    notices
}

/// Requests all letters at the same time, and returns the time until the last one is received.
async fn render(server: &ServerProcess, notices: Vec<String>) -> Duration {
    let client =
        SecondOpinionServiceClient::new(server.channel().await).max_decoding_message_size(16 << 20);
    let began = Instant::now();
    let calls = notices.into_iter().map(|notice_id| {
        let mut client = client.clone();
        async move {
            let mut request = Request::new(v1::GetNoticeRequest {
                notice_id,
                format: v1::NoticeFormat::Pdf.into(),
                ..v1::GetNoticeRequest::default()
            });
            server.authorize(&mut request);
            client.get_notice(request).await.expect("a letter");
        }
    });
    join_all(calls).await;
    began.elapsed()
}
