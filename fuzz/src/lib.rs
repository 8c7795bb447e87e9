//! What must be so of whatever comes from outside? One function a target: bytes in, and a panic where it is not so.
//!
//! The targets of libFuzzer in `fuzz_targets/` call these and nothing else. So does the test `fuzz` of the main crate,
//! over the files in `corpus/` and mutations of them that follow from a seed: it needs no fuzzer.

mod cases;
mod clocks;
mod configuration;
mod evaluate;
mod events;
mod examples;
mod letters;
mod message;
mod page;
mod places;
mod request;
mod support;
mod tokens;

pub use cases::cases;
pub use clocks::clocks;
pub use configuration::configuration;
pub use evaluate::evaluate;
pub use events::events;
pub use letters::{letters, letters_as_pdf};
pub use places::places;
pub use request::{messages, requests};
pub use tokens::tokens;

/// A target: what it is called, as its file and its folder of the corpus are, and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 10] = [
    ("requests", requests),
    ("messages", messages),
    ("cases", cases),
    ("events", events),
    ("letters", letters),
    ("clocks", clocks),
    ("places", places),
    ("tokens", tokens),
    ("configuration", configuration),
    ("evaluate", evaluate),
];
