//! Second medical opinions under Medi-Cal policy MPUP3078.
//!
//! The path of a request: its bytes come in through the layers of `middleware` to the file of their call in `rpc`.
//! `wire::parse` turns the message into a command, or returns every violation. A function of `case` decides the command by
//! the clauses in `rules`; `notice` composes the letters. `store` commits event, case, letters and request id together or not
//! at all. `wire::render` builds the reply, and `renderer` the letters that callers read.
//!
//! The modules stand in the order of their layers: each imports only modules after it. The rules, the letters and the store
//! are crates of their own.

pub mod cli;
pub mod server;

pub mod config;

pub mod middleware;

pub mod rpc;
// Reminders and overdue events.
pub mod sweeper;

mod commit;

// Logs, traces, metrics and health.
pub mod telemetry;

pub mod wire;

pub mod error;

pub mod renderer;

pub mod call;
pub mod identity;

pub mod clock;

pub use second_opinion_letters as notice;
pub use second_opinion_letters::plan;
pub use second_opinion_rules::{case, rules};
pub use second_opinion_store as store;
