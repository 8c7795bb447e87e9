//! Messages of the contract as proto JSON, and the calls that take them.

use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use second_opinion::wire::{DESCRIPTOR, json, v1};
use serde_json::Value;
use tonic::Status;

use crate::support::server::Client;

static CONTRACT: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(DESCRIPTOR).expect("the contract"));

fn descriptor(name: &str) -> MessageDescriptor {
    CONTRACT
        .get_message_by_name(&format!("um.secondopinion.v1.{name}"))
        .unwrap_or_else(|| panic!("the contract has no message `{name}`"))
}

/// The message that a document describes.
pub fn message<M: Message + Default>(name: &str, document: &Value) -> M {
    let dynamic = json::from_json(descriptor(name), &document.to_string())
        .unwrap_or_else(|problem| panic!("{name}: {problem}"));
    M::decode(&*dynamic.encode_to_vec()).expect("the same message")
}

/// A message as a text of several lines, with a newline at its end.
pub fn text<M: Message>(name: &str, message: &M) -> String {
    let dynamic = DynamicMessage::decode(descriptor(name), &*message.encode_to_vec());
    let text = json::to_json(&dynamic.expect("the same message")).expect("proto JSON");
    text + "\n"
}

/// Sends a request by the name of its call, and gives the reply as a text.
///
/// # Errors
/// The status with which the call is refused.
pub async fn send(client: &mut Client, call: &str, request: &Value) -> Result<String, Status> {
    macro_rules! calls {
        ($($name:literal: $method:ident($message:ident)),+ $(,)?) => {
            match call {
                $($name => {
                    let request: v1::$message = message(stringify!($message), request);
                    let reply = client.$method(request).await?;
                    Ok(text(concat!($name, "Response"), &reply.into_inner()))
                })+
                other => panic!("no call `{other}`"),
            }
        };
    }
    calls!(
        "SubmitSecondOpinion": submit_second_opinion(SubmitSecondOpinionRequest),
        "RecordVerification": record_verification(RecordVerificationRequest),
        "ExpediteSecondOpinion": expedite_second_opinion(ExpediteSecondOpinionRequest),
        "WithdrawSecondOpinion": withdraw_second_opinion(WithdrawSecondOpinionRequest),
        "IssueApproval": issue_approval(IssueApprovalRequest),
        "IssueDenial": issue_denial(IssueDenialRequest),
        "RecordNotification": record_notification(RecordNotificationRequest),
        "GetNotice": get_notice(GetNoticeRequest),
    )
}
