//! What several test targets share.
#![allow(dead_code, reason = "each target takes what it needs")]

pub mod messages;
pub mod raw;
pub mod server;
pub mod status;
