//! The whole stack over TCP: the server that `serve` starts, called as its callers call it.

#[path = "../support/mod.rs"]
mod support;

mod certificates;
mod changes;
mod compression;
mod conformance;
mod decisions;
mod dials;
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
