//! The calls.
pub mod error;
