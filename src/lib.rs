//! Second medical opinions under Medi-Cal policy MPUP3078.
//!
//! The map of the house, in the order in which a request goes through it: bytes come in through the layers (`middleware`) to
//! the file of their call (`rpc`); `wire::parse` makes a command of the message, or tells everything that is wrong
//! with it; a function of `case` judges the command by the clauses in `rules`; `notice` makes the letters of a decision, and `renderer` renders them;
//! `store` commits event, case, letters and request id together or not at all; `wire::render` makes the answer.
//!
//! The rules, the letters and the store are crates of their own.

// In the order of a request.
pub mod cli;
pub mod config;

pub mod clock;

pub mod server;

pub mod middleware;

// Logs, traces, metrics and health.
pub mod telemetry;

pub mod identity;

pub mod call;
pub mod error;
pub mod rpc;

pub mod wire;

pub use second_opinion_letters as notice;
pub use second_opinion_letters::plan;
pub use second_opinion_rules::{case, rules};

pub mod renderer;

// By itself: what is told as time runs out.
pub mod sweeper;

mod commit;

pub use second_opinion_store as store;
