//! The whole stack over TCP: the server that `serve` starts, called by clients.

#[path = "../support/mod.rs"]
mod support;

mod certificates;
mod changes;
mod compression;
mod conformance;
mod deadline_metrics;
mod decisions;
mod errors;
mod faults;
mod idempotency;
mod identity;
mod languages;
mod ops;
mod overload;
mod reading;
mod sweeping;
mod tls;
mod tools;
mod traces;
mod watching;
