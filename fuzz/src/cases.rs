//! Does a case hold together, whatever its callers send and whenever they do?
//!
//! Well-formed messages go to the case one after the other, as the service would have them judged; its events are sealed
//! and folded as a store would.

mod desk;

use arbitrary::Unstructured;
use chrono::TimeDelta;
use prost::Message;

pub use desk::Desk;

use super::examples;
use super::support::{below, descriptor, one_of};

/// As many messages as a case gets at most.
const STEPS_MAX: usize = 12;

/// A submission, and up to a dozen messages about it with time between them.
pub fn cases(data: &[u8]) {
    let mut bytes = Unstructured::new(data);
    let Some(mut desk) = Desk::open(message(&mut bytes, "SubmitSecondOpinionRequest")) else {
        return;
    };
    desk.check(0);
    for _ in 0..below(&mut bytes, STEPS_MAX + 1) {
        let seconds = one_of(
            &mut bytes,
            &[1, 3_600, 86_400, 345_600, 2_592_000, 34_560_000],
        );
        desk.now += TimeDelta::seconds(seconds);
        let (events, letters) = (desk.records.len(), desk.letters.len());
        desk.step(&mut bytes);
        if desk.records.len() > events {
            desk.check(letters);
        }
    }
}

/// An example, or a message of which the bytes choose every field.
fn message<M: Message + Default>(bytes: &mut Unstructured<'_>, name: &str) -> M {
    let examples = examples::of(name);
    let read = if let Some(example) = examples.get(below(bytes, examples.len() + 4)) {
        M::decode(*example)
    } else {
        let chosen = super::message::any(bytes, &descriptor(name));
        M::decode(chosen.encode_to_vec().as_slice())
    };
    read.expect("a message")
}
