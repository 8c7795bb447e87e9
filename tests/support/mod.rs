//! What do the tests share? Sample requests, the commits that the service would make of them, and a server to call, with a
//! certificate or without.

#![allow(
    dead_code,
    reason = "each test crate compiles this module for itself and uses a part of it"
)]
#![allow(
    clippy::missing_panics_doc,
    reason = "a helper of tests that cannot go on panics"
)]

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
