//! Metrics for Prometheus.
//!
//! Every label comes from a fixed set: none holds a member, a case, or what a caller made up. Each server has its own
//! registry, so that several in one process do not count for each other.

mod calls;
mod deadlines;
mod exposition;
mod meters;
mod open_cases;

pub use calls::{METHODS, Method};
pub use deadlines::{DeadlineChanges, DeadlineCounters, DeadlinesBefore};
pub use exposition::Metrics;
pub use meters::{InFlightCall, Meters, OpenWatch, TlsMeters};
pub use open_cases::{EVERY as OPEN_CASES_EVERY, LatestOpenCases};
