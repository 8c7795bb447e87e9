//! How do messages cross the wire? The only file that includes generated code.

mod codec;
pub mod json;
pub mod parse;
pub mod render;
pub mod status;

use std::fmt;

pub use codec::Codec;

/// The generated messages, clients and servers of `um.secondopinion.v1`.
#[allow(
    missing_docs,
    clippy::pedantic,
    clippy::doc_lazy_continuation,
    reason = "generated; the comments are the contract's"
)]
pub mod v1 {
    tonic::include_proto!("um.secondopinion.v1");
    include!(concat!(env!("OUT_DIR"), "/debug.rs"));
}

/// The contract's descriptors, for reflection and proto JSON.
pub const DESCRIPTOR: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor.bin"));

/// The header with the compressions that a caller can read.
pub const ACCEPT_ENCODING: &str = "grpc-accept-encoding";

/// Maximum size of a message, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 1024 * 1024;

/// Stands in for a field that `Debug` must not show.
pub(crate) struct Redacted;

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
