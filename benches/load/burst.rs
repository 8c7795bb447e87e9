//! Do submissions wait while many letters are rendered as PDF for the first time?

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
use crate::process::Program;

/// Rounds, each with submissions alone and beside a burst.
const ROUNDS: usize = 5;
/// Letters of a burst, asked for together.
const LETTERS: usize = 200;
/// As long as submissions come in a round, which is longer than a burst takes.
const TIME: Duration = Duration::from_secs(5);

/// The 99th percentiles of submissions in milliseconds, as medians of the rounds, and what a burst took.
pub struct Burst {
    /// With nothing beside them.
    pub alone: f64,
    /// While letters are rendered.
    pub beside: f64,
    /// Seconds until the last letter of a burst was there.
    pub took: f64,
    /// Letters of a burst.
    pub letters: usize,
}

impl Burst {
    /// Submissions that come by themselves at a rate; `None`: this build renders no PDF.
    pub async fn measured(server: &Program, submit: &Arc<Load>, rate: f64) -> Option<Self> {
        if !cfg!(feature = "pdf") {
            return None;
        }
        let denials = kinds::denials(server, LETTERS * ROUNDS + 64).await;
        let (mut alone, mut beside, mut took) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let notices = notices(&denials).await;
            alone.push(Latencies::of(submit, rate, TIME).await.quantile(990));
            let (submitted, burst) =
                tokio::join!(Latencies::of(submit, rate, TIME), render(server, notices));
            beside.push(submitted.quantile(990));
            took.push(burst.as_secs_f64());
        }
        Some(Self {
            alone: median(&alone),
            beside: median(&beside),
            took: median(&took),
            letters: LETTERS,
        })
    }
}

/// Letters that no one has asked for yet.
async fn notices(denials: &Load) -> Vec<String> {
    let mut notices = Vec::new();
    for turn in 0..LETTERS {
        let answer = denials.call(&mut denials.grpc(turn), turn).await;
        let answer = v1::IssueDenialResponse::decode(answer.expect("a case to deny"));
        let case = answer.expect("an answer").determination.expect("a case");
        notices.push(case.notices.first().expect("a letter").notice_id.clone());
    }
    notices
}

/// Asks for all of them at once, and gives the time until the last one is there.
async fn render(server: &Program, notices: Vec<String>) -> Duration {
    let client =
        SecondOpinionServiceClient::new(server.channel().await).max_decoding_message_size(16 << 20);
    let began = Instant::now();
    let asked = notices.into_iter().map(|notice_id| {
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
    join_all(asked).await;
    began.elapsed()
}
