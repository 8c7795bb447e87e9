//! Other kinds of calls: a page of the worklist, an evaluation, a denial.

use bytes::Bytes;
use prost::Message as _;
use second_opinion::wire::v1;
use second_opinion::wire::v1::second_opinion_service_client::SecondOpinionServiceClient;
use tonic::Request;
use uuid::Uuid;

use crate::driver::Load;
use crate::process::ServerProcess;
use crate::request::{example, request};

/// Concurrent submissions while the cases to deny are created.
const CONCURRENT_SUBMISSIONS: usize = 64;

/// The first page of the worklist, of 50 cases.
pub async fn pages(server: &ServerProcess) -> Load {
    let message = v1::ListDeterminationsRequest {
        states: vec![v1::State::PendingReview.into()],
        ..v1::ListDeterminationsRequest::default()
    };
    let path = "um.secondopinion.v1.SecondOpinionService/ListDeterminations";
    Load::constant(server, path, &message).await
}

/// Evaluations of the same request as the submissions.
pub async fn evaluations(server: &ServerProcess) -> Load {
    let message = v1::EvaluateSecondOpinionRequest {
        second_opinion: Some(request()),
        as_of: None,
    };
    let path = "um.secondopinion.v1.PolicyService/EvaluateSecondOpinion";
    Load::constant(server, path, &message).await
}

/// Denials with their letters, each of its own case, which is created first.
pub async fn denials(server: &ServerProcess, cases: usize) -> Load {
    let denial: v1::IssueDenialRequest = example(
        "IssueDenialRequest",
        include_str!("../../examples/denial-qualified-network-provider-available.json"),
    );
    let ids = submit_deniable(server, cases).await;
    let messages = ids.into_iter().map(|determination_id| {
        let message = v1::IssueDenialRequest {
            request_id: Uuid::now_v7().to_string(),
            determination_id,
            ..denial.clone()
        };
        Bytes::from(message.encode_to_vec())
    });
    let path = "um.secondopinion.v1.SecondOpinionService/IssueDenial";
    Load::once(server, path, messages.collect()).await
}

/// Submits cases that can be denied, and returns their ids.
async fn submit_deniable(server: &ServerProcess, cases: usize) -> Vec<String> {
    let submission: v1::SubmitSecondOpinionRequest = example(
        "SubmitSecondOpinionRequest",
        include_str!("../../examples/network-has-a-qualified-one.json"),
    );
    let channel = server.channel().await;
    let callers = (0..CONCURRENT_SUBMISSIONS).map(|_| {
        let mut client = SecondOpinionServiceClient::new(channel.clone());
        let submission = &submission;
        async move {
            let mut ids = Vec::new();
            for _ in 0..cases.div_ceil(CONCURRENT_SUBMISSIONS) {
                let mut request = Request::new(v1::SubmitSecondOpinionRequest {
                    request_id: Uuid::now_v7().to_string(),
                    ..submission.clone()
                });
                server.authorize(&mut request);
                let response = client.submit_second_opinion(request).await;
                let case = response.expect("a response").into_inner().determination;
                ids.push(case.expect("a determination").determination_id);
            }
            ids
        }
    });
    futures::future::join_all(callers).await.concat()
}
