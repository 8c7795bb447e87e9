//! Telemetry: logs, traces, metrics and the state of health, none of which holds a person's data.

pub mod audit;
mod health;
pub mod logs;
pub mod metrics;
pub mod ops_server;
pub mod traces;

pub use health::Health;
