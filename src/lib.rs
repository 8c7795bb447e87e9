//! Second medical opinions under Medi-Cal policy MPUP3078.
//!
//! The map of the house, in the order in which a request goes through it.
pub mod case;
#[cfg(feature = "server")]
pub mod clock;
#[cfg(feature = "server")]
pub mod config;
#[cfg(feature = "server")]
pub mod identity;
#[cfg(feature = "server")]
pub mod layer;
#[cfg(feature = "server")]
pub mod notice;
#[cfg(feature = "server")]
pub mod plan;
#[cfg(feature = "server")]
pub mod rpc;
pub mod rules;
#[cfg(feature = "server")]
pub mod store;
#[cfg(feature = "server")]
pub mod wire;
