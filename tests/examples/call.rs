//! Sends an example as the program does: proto JSON to a message, with the missing ids added.

use prost::Message;
use prost_reflect::DescriptorPool;
use second_opinion::wire::{DESCRIPTOR, json, v1};
use serde_json::Value;
use tonic::Status;

use crate::support::messages::id;
use crate::support::server::Client;
use crate::tables::folder;

/// The text of an example.
pub fn text(file: &str) -> String {
    std::fs::read_to_string(folder().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The message of an example, with values set as by `--set`.
pub fn message<M: Message + Default>(name: &str, file: &str, set: &[(&str, &str)]) -> M {
    let pool = DescriptorPool::decode(DESCRIPTOR).expect("the contract");
    let descriptor = pool
        .get_message_by_name(&format!("um.secondopinion.v1.{name}"))
        .unwrap_or_else(|| panic!("no message {name}"));
    let mut document: Value = serde_json::from_str(&text(file)).expect("JSON");
    for (path, value) in set {
        json::set(&descriptor, &mut document, &format!("{path}={value}"))
            .unwrap_or_else(|problem| panic!("{file}: {problem}"));
    }
    let message = json::from_json(descriptor, &document.to_string())
        .unwrap_or_else(|problem| panic!("{file}: {problem}"));
    M::decode(&*message.encode_to_vec()).expect("the same message")
}

/// The message of a type of the contract, by the type's own name.
macro_rules! example {
    ($message:ident, $file:expr, $set:expr) => {
        crate::call::message::<second_opinion::wire::v1::$message>(
            stringify!($message),
            $file,
            $set,
        )
    };
}
pub(crate) use example;

/// The `determination` of a reply.
macro_rules! answered {
    ($answer:expr) => {
        $answer.map(|answer| *answer.into_inner().determination.expect("a determination"))
    };
}

/// Submits an example.
pub async fn submit(client: &mut Client, file: &str) -> v1::Determination {
    let message = example!(SubmitSecondOpinionRequest, file, &[("request_id", &id())]);
    answered!(client.submit_second_opinion(message).await)
        .unwrap_or_else(|status| panic!("{file}: {status:?}"))
}

/// Applies an example to a case, by the call that the README names.
pub async fn change(
    client: &mut Client,
    call: &str,
    file: &str,
    determination_id: &str,
    set: &[(&str, &str)],
) -> Result<v1::Determination, Status> {
    let request_id = id();
    let ids = [
        ("request_id", request_id.as_str()),
        ("determination_id", determination_id),
    ];
    let set = [&ids, set].concat();
    macro_rules! send {
        ($method:ident, $message:ident) => {
            answered!(client.$method(example!($message, file, &set)).await)
        };
    }
    match call {
        "IssueApproval" => send!(issue_approval, IssueApprovalRequest),
        "IssueDenial" => send!(issue_denial, IssueDenialRequest),
        "RecordVerification" => send!(record_verification, RecordVerificationRequest),
        "ExpediteSecondOpinion" => send!(expedite_second_opinion, ExpediteSecondOpinionRequest),
        "WithdrawSecondOpinion" => send!(withdraw_second_opinion, WithdrawSecondOpinionRequest),
        "RecordNotification" => send!(record_notification, RecordNotificationRequest),
        other => panic!("{file}: no call `{other}` changes a case"),
    }
}
