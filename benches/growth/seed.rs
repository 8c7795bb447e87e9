//! The seed cases, which the service writes and of which all others are copies.
//!
//! Half of them are pending review, some of those urgent; the others are approved, denied or withdrawn, with their letters.

use second_opinion::wire::v1;
use second_opinion::wire::v1::second_opinion_service_client::SecondOpinionServiceClient;
use tonic::Request;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use uuid::Uuid;

use crate::process::ServerProcess;
use crate::request::{example, request};

/// Number of seed cases.
pub const SEEDS: u64 = 300;

pub type Client = SecondOpinionServiceClient<InterceptedService<Channel, Bearer>>;

/// Adds a server's token to every call.
#[derive(Clone)]
pub struct Bearer(MetadataValue<Ascii>);

impl tonic::service::Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, tonic::Status> {
        let metadata = request.metadata_mut();
        metadata.insert("authorization", self.0.clone());
        Ok(request)
    }
}

pub async fn client(server: &ServerProcess) -> Client {
    let token = format!("Bearer {}", server.token);
    let bearer = Bearer(token.parse().expect("a token"));
    SecondOpinionServiceClient::with_interceptor(server.channel().await, bearer)
}

/// Submits and decides the seed cases through the service.
pub async fn submit_seeds(server: &ServerProcess) {
    let mut client = client(server).await;
    for nth in 0..SEEDS {
        let response = client.submit_second_opinion(submission(nth)).await;
        let response = response.expect("a response").into_inner();
        let case = response.determination.expect("a determination");
        decide(&mut client, nth, case.determination_id).await;
    }
}

fn submission(nth: u64) -> v1::SubmitSecondOpinionRequest {
    let second_opinion = match nth % 6 {
        0 => {
            let json = include_str!("../../examples/urgent-practitioner.json");
            let urgent: v1::SubmitSecondOpinionRequest =
                example("SubmitSecondOpinionRequest", json);
            urgent.second_opinion.expect("a request")
        }
        4 => {
            let json = include_str!("../../examples/network-has-a-qualified-one.json");
            let deniable: v1::SubmitSecondOpinionRequest =
                example("SubmitSecondOpinionRequest", json);
            deniable.second_opinion.expect("a request")
        }
        _ => request(),
    };
    v1::SubmitSecondOpinionRequest {
        request_id: Uuid::now_v7().to_string(),
        second_opinion: Some(second_opinion),
    }
}

async fn decide(client: &mut Client, nth: u64, determination_id: String) {
    let request_id = Uuid::now_v7().to_string();
    match nth % 6 {
        3 => {
            let json = include_str!("../../examples/approval.json");
            let approval = v1::IssueApprovalRequest {
                request_id,
                determination_id,
                ..example("IssueApprovalRequest", json)
            };
            client.issue_approval(approval).await.expect("approved");
        }
        4 => {
            let json =
                include_str!("../../examples/denial-qualified-network-provider-available.json");
            let denial = v1::IssueDenialRequest {
                request_id,
                determination_id,
                ..example("IssueDenialRequest", json)
            };
            client.issue_denial(denial).await.expect("denied");
        }
        5 => {
            let json = include_str!("../../examples/withdraw.json");
            let withdrawal = v1::WithdrawSecondOpinionRequest {
                request_id,
                determination_id,
                ..example("WithdrawSecondOpinionRequest", json)
            };
            let withdrawn = client.withdraw_second_opinion(withdrawal).await;
            withdrawn.expect("withdrawn");
        }
        _ => {}
    }
}
