//! Messages from the examples.

use prost::Message;
use second_opinion::wire::v1;

/// A realistic request: routine, outside the network, without unknown facts.
pub fn request() -> Box<v1::SecondOpinion> {
    let message: v1::SubmitSecondOpinionRequest = example(
        "SubmitSecondOpinionRequest",
        include_str!("../../examples/out-of-network-routine.json"),
    );
    message.second_opinion.expect("a request")
}

/// Parses an example as a message of a type.
pub fn example<M: Message + Default>(name: &str, json: &str) -> M {
    let pool = prost_reflect::DescriptorPool::decode(second_opinion::wire::DESCRIPTOR)
        .expect("the contract");
    let descriptor = pool
        .get_message_by_name(&format!("um.secondopinion.v1.{name}"))
        .expect("a message");
    let message = second_opinion::wire::json::from_json(descriptor, json).expect("an example");
    M::decode(message.encode_to_vec().as_slice()).expect("a message")
}
