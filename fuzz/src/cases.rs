//! The target for cases: arbitrary sequences of well-formed messages, with time passing between them.
//!
//! Each message is decided on as in the service, and the events are sealed and folded as in a store.

mod harness;

use arbitrary::Unstructured;
use chrono::TimeDelta;
use prost::Message;

pub use harness::CaseHarness;

use super::examples;
use super::support::{below, descriptor, one_of};

/// Maximum number of messages to a case after its submission.
const STEPS_MAX: usize = 12;

/// Decodes a submission and up to a dozen messages about it with the time between them.
pub fn cases(data: &[u8]) {
    let mut bytes = Unstructured::new(data);
    let Some(mut harness) = CaseHarness::open(message(&mut bytes, "SubmitSecondOpinionRequest"))
    else {
        return;
    };
    harness.check(0);
    for _ in 0..below(&mut bytes, STEPS_MAX + 1) {
        let seconds = one_of(
            &mut bytes,
            &[1, 3_600, 86_400, 345_600, 2_592_000, 34_560_000],
        );
        harness.now += TimeDelta::seconds(seconds);
        let (events, letters) = (harness.records.len(), harness.letters.len());
        harness.step(&mut bytes);
        if harness.records.len() > events {
            harness.check(letters);
        }
    }
}

/// Returns an example, or a message with every field chosen by the bytes.
fn message<M: Message + Default>(bytes: &mut Unstructured<'_>, name: &str) -> M {
    let examples = examples::of(name);
    let decoded = if let Some(example) = examples.get(below(bytes, examples.len() + 4)) {
        M::decode(*example)
    } else {
        let message = super::message::any(bytes, &descriptor(name));
        M::decode(message.encode_to_vec().as_slice())
    };
    decoded.expect("a message")
}
