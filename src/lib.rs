//! Second medical opinions under Medi-Cal policy MPUP3078.
//!
//! The map of the house, in the order in which a request goes through it: bytes come in through the layers (`layer`) to
//! the file of their call (`rpc`); `wire::parse` makes a command of the message, or tells everything that is wrong
//! with it; a function of `case` judges the command by the clauses in `rules`; `notice` makes the letters of a decision, and `press` renders them;
//! `store` commits event, case, letters and request id together or not at all; `wire::render` makes the answer.
//!
//! Without the feature `server` there are `rules` and [`case`] alone, for services that apply the same policy.

// In the order of a request.
#[cfg(feature = "server")]
pub mod cli;
#[cfg(feature = "server")]
pub mod config;
#[cfg(feature = "server")]
pub mod plan;

#[cfg(feature = "server")]
pub mod app;
#[cfg(feature = "server")]
pub mod clock;

#[cfg(feature = "server")]
mod folder;

#[cfg(feature = "server")]
mod breach;
#[cfg(feature = "server")]
pub mod bundling;
#[cfg(feature = "server")]
pub mod connections;
#[cfg(feature = "server")]
mod lingering;
#[cfg(feature = "server")]
mod refusals;
#[cfg(feature = "server")]
pub mod tls;

#[cfg(feature = "server")]
pub mod layer;

// What is told of calls: lines and spans.
#[cfg(feature = "server")]
pub mod logs;
#[cfg(feature = "server")]
pub mod traces;

// On a port of its own: metrics and probes.
#[cfg(feature = "server")]
pub mod ops;

#[cfg(feature = "server")]
pub mod identity;

#[cfg(feature = "server")]
pub mod routes;

#[cfg(feature = "server")]
pub mod rpc;

#[cfg(feature = "server")]
pub mod wire;

pub mod case;

pub mod rules;

#[cfg(feature = "server")]
pub mod notice;

#[cfg(feature = "server")]
pub mod press;

// By itself: what is told as time runs out.
#[cfg(feature = "server")]
pub mod sweeper;

#[cfg(feature = "server")]
mod commit;

#[cfg(feature = "server")]
pub mod store;

// In no program that ships: the faults that the tests are to find.
#[cfg(feature = "planted")]
pub mod planted;
