//! What do callers send? The files of `examples/`, with the ids that they leave out.

use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{ReflectMessage, Value};
use second_opinion::wire::json;

use super::support::descriptor;

/// The id of every request, and of the case that it is about.
pub const REQUEST: &str = "018f3c2e-0000-7000-8000-000000000001";

/// A message as an example has it.
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

/// The examples as bytes, each with its message and its file.
static WRITTEN: LazyLock<Vec<(&str, &str, Vec<u8>)>> = LazyLock::new(|| {
    let written = EXAMPLES.iter().map(|it| (it.message, it.file, bytes(it)));
    written.collect()
});

fn bytes(example: &Example) -> Vec<u8> {
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

/// Every example of a message, as bytes.
pub fn of(message: &str) -> Vec<&'static [u8]> {
    let own = WRITTEN.iter().filter(|(name, ..)| *name == message);
    own.map(|(.., bytes)| bytes.as_slice()).collect()
}

/// The message of a file.
pub fn read<M: Message + Default>(file: &str) -> M {
    let found = WRITTEN.iter().find(|(_, name, _)| *name == file);
    let (.., bytes) = found.unwrap_or_else(|| panic!("no example `{file}`"));
    M::decode(bytes.as_slice()).expect("a message")
}
