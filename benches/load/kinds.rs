//! The other kinds of calls: a page of the worklist, an evaluation, a denial.

use bytes::Bytes;
use prost::Message as _;
use second_opinion::wire::v1;
use second_opinion::wire::v1::second_opinion_service_client::SecondOpinionServiceClient;
use tonic::Request;
use uuid::Uuid;

use crate::driver::Load;
use crate::process::Program;
use crate::request::{example, request};

/// As many cases as are submitted at once where cases to deny are made.
const AT_ONCE: usize = 64;

/// The first page of the worklist, of 50 cases.
pub async fn pages(server: &Program) -> Load {
    let message = v1::ListDeterminationsRequest {
        states: vec![v1::State::PendingReview.into()],
        ..v1::ListDeterminationsRequest::default()
    };
    let path = "um.secondopinion.v1.SecondOpinionService/ListDeterminations";
    Load::same(server, path, &message).await
}

/// Evaluations of the request that is also submitted.
pub async fn evaluations(server: &Program) -> Load {
    let message = v1::EvaluateSecondOpinionRequest {
        second_opinion: Some(request()),
        as_of: None,
    };
    let path = "um.secondopinion.v1.PolicyService/EvaluateSecondOpinion";
    Load::same(server, path, &message).await
}

/// Denials with their letters, each of a case of its own that is made for it.
pub async fn denials(server: &Program, cases: usize) -> Load {
    let denial: v1::IssueDenialRequest = example(
        "IssueDenialRequest",
        include_str!("../../examples/denial-qualified-network-provider-available.json"),
    );
    let ids = deniable(server, cases).await;
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

/// Submits cases that can be denied.
async fn deniable(server: &Program, cases: usize) -> Vec<String> {
    let submission: v1::SubmitSecondOpinionRequest = example(
        "SubmitSecondOpinionRequest",
        include_str!("../../examples/network-has-a-qualified-one.json"),
    );
    let channel = server.channel().await;
    let submitting = (0..AT_ONCE).map(|_| {
        let mut client = SecondOpinionServiceClient::new(channel.clone());
        let submission = &submission;
        async move {
            let mut made = Vec::new();
            for _ in 0..cases.div_ceil(AT_ONCE) {
                let mut request = Request::new(v1::SubmitSecondOpinionRequest {
                    request_id: Uuid::now_v7().to_string(),
                    ..submission.clone()
                });
                server.authorize(&mut request);
                let answer = client.submit_second_opinion(request).await;
                let case = answer.expect("a case").into_inner().determination;
                made.push(case.expect("a case").determination_id);
            }
            made
        }
    });
    futures::future::join_all(submitting).await.concat()
}
