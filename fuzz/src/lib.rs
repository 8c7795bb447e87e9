//! The fuzz targets: one function each, which takes bytes and panics if a property of untrusted input does not hold.
//!
//! The libFuzzer targets in `fuzz_targets/` only call these functions. The test `fuzz` of the main crate calls them too,
//! without a fuzzer, with the files in `corpus/` and with mutations of them from a fixed seed.

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

/// A target's name, which is also that of its file and its corpus folder, and its function.
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
