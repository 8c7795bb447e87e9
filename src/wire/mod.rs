//! The wire contract: generated messages, parsing, rendering, and statuses.

mod codec;
pub mod json;
mod limits;
pub mod parse;
pub mod render;
pub mod status;
pub mod v1;

pub use codec::Codec;
pub use limits::{ACCEPT_ENCODING, MAX_MESSAGE_BYTES};
pub use v1::DESCRIPTOR;
