#![forbid(unsafe_code)]
//! Second medical opinions under Medi-Cal policy MPUP3078.
//!
//! The map of the house, in the order in which a request goes through it.
#![warn(missing_docs)]

pub mod case;
pub mod rules;
#[cfg(feature = "server")]
pub mod store;
