//! Messages from the files of `examples/`, with the ids that the files omit.

use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{ReflectMessage, Value};
use second_opinion::wire::json;

use super::support::descriptor;

/// The request id and the determination id of every example.
pub const REQUEST: &str = "018f3c2e-0000-7000-8000-000000000001";

/// An example file with the name of its message.
struct Example {
    message: &'static str,
    file: &'static str,
    text: &'static str,
}

macro_rules! example {
    ($message:literal, $file:literal) => {
        Example {
            message: $message,
            file: $file,
            text: include_str!(concat!("../../examples/", $file, ".json")),
        }
    };
}

const EXAMPLES: &[Example] = &[
    example!("IssueApprovalRequest", "approval-of-another-provider"),
    example!("IssueApprovalRequest", "approval"),
    example!("SubmitSecondOpinionRequest", "asked-by-health-professional"),
    example!(
        "SubmitSecondOpinionRequest",
        "asked-by-representative-without-papers"
    ),
    example!("IssueDenialRequest", "denial-insufficient-information"),
    example!("IssueDenialRequest", "denial-member-not-eligible"),
    example!(
        "IssueDenialRequest",
        "denial-provider-not-medi-cal-certified"
    ),
    example!("IssueDenialRequest", "denial-provider-not-qualified"),
    example!(
        "IssueDenialRequest",
        "denial-qualified-network-provider-available"
    ),
    example!("IssueDenialRequest", "denial-reason-not-supported"),
    example!("ExpediteSecondOpinionRequest", "expedite"),
    example!("SubmitSecondOpinionRequest", "facts-missing"),
    example!("GetDeterminationRequest", "get-full"),
    example!("ListDeterminationsRequest", "list-pending"),
    example!("SubmitSecondOpinionRequest", "network-has-a-qualified-one"),
    example!("SubmitSecondOpinionRequest", "network-opinion"),
    example!("SubmitSecondOpinionRequest", "no-provider-named"),
    example!("RecordNotificationRequest", "notification-by-mail"),
    example!("SubmitSecondOpinionRequest", "other-reason"),
    example!("SubmitSecondOpinionRequest", "out-of-network-routine"),
    example!("SubmitSecondOpinionRequest", "primary-care-did-not-grant"),
    example!(
        "SubmitSecondOpinionRequest",
        "provider-not-medi-cal-certified"
    ),
    example!("SubmitSecondOpinionRequest", "provider-not-qualified"),
    example!("SubmitSecondOpinionRequest", "urgent-functional"),
    example!("SubmitSecondOpinionRequest", "urgent-practitioner"),
    example!("SubmitSecondOpinionRequest", "urgent-psychological"),
    example!("RecordVerificationRequest", "verification"),
    example!("WithdrawSecondOpinionRequest", "withdraw"),
];

/// Each example's message name, file and encoded bytes.
static ENCODED: LazyLock<Vec<(&str, &str, Vec<u8>)>> = LazyLock::new(|| {
    let encoded = EXAMPLES.iter().map(|it| (it.message, it.file, encode(it)));
    encoded.collect()
});

fn encode(example: &Example) -> Vec<u8> {
    let mut message = json::from_json(descriptor(example.message), example.text)
        .unwrap_or_else(|problem| panic!("{}: {problem}", example.file));
    for name in ["request_id", "determination_id"] {
        let field = message.descriptor().get_field_by_name(name);
        if let Some(field) = field.filter(|field| !message.has_field(field)) {
            message.set_field(&field, Value::String(REQUEST.to_owned()));
        }
    }
    message.encode_to_vec()
}

/// Every example of a message, encoded.
pub fn of(message: &str) -> Vec<&'static [u8]> {
    let matching = ENCODED.iter().filter(|(name, ..)| *name == message);
    matching.map(|(.., bytes)| bytes.as_slice()).collect()
}

/// The message of a file.
pub fn read<M: Message + Default>(file: &str) -> M {
    let found = ENCODED.iter().find(|(_, name, _)| *name == file);
    let (.., bytes) = found.unwrap_or_else(|| panic!("no example `{file}`"));
    M::decode(bytes.as_slice()).expect("a message")
}
