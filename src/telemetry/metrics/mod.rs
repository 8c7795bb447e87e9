//! Metrics for Prometheus.
//!
//! Every label comes from a fixed set: none holds a member, a case, or what a caller made up. Each server has its own
//! registry, so that several in one process do not count for each other.

mod calls;
mod dials;
mod exposition;
mod meters;

pub use calls::{METHODS, Method};
pub use dials::{EVERY as DIALS_EVERY, LatestDials};
pub use exposition::Metrics;
pub use meters::{InFlightCall, Meters, OpenWatch, TlsMeters};
