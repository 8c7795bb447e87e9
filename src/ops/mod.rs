//! How does an operator see how the service is? Metrics and probes, on a port of their own.
//!
//! Every label comes from a fixed set: none holds a member, a case, or what a caller made up. Each server has its own
//! registry, so that several in one process do not count for each other.

mod calls;
mod dials;
mod figures;
mod health;
mod meters;
mod server;

pub use calls::{METHODS, Method};
pub use dials::{EVERY as DIALS_EVERY, LatestDials};
pub use figures::Figures;
pub use health::{Health, SERVICES};
pub use meters::{InFlight, Meters, TlsMeters, Watching};
pub use server::{Exposed, serve};
