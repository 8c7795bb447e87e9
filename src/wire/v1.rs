//! The generated messages, clients and servers of `um.secondopinion.v1`. The only file that includes generated code.
#![allow(
    missing_docs,
    clippy::pedantic,
    clippy::doc_lazy_continuation,
    reason = "generated; the comments are the contract's"
)]

tonic::include_proto!("um.secondopinion.v1");
include!(concat!(env!("OUT_DIR"), "/debug.rs"));

/// The contract's descriptors, for reflection and proto JSON.
pub const DESCRIPTOR: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor.bin"));
