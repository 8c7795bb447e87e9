//! Shared by the tests: sample requests, the commits that the service makes of them, and a server with or without TLS.

#![allow(
    dead_code,
    reason = "each test crate compiles this module and uses only a part of it"
)]
#![allow(clippy::missing_panics_doc, reason = "test helpers panic on failure")]

pub mod authority;
pub mod certificate;
pub mod change;
pub mod collector;
pub mod faulty;
pub mod frames;
pub mod messages;
pub mod postgres;
pub mod raw;
pub mod sample;
pub mod server;
pub mod status;
