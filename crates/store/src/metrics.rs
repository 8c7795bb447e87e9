//! Metrics of a store's own work.

use std::time::Duration;

use prometheus_client::metrics::histogram::Histogram;

/// Histogram bounds of the changes in one commit group.
const SIZES: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 256.0, 512.0];
/// Histogram bounds of the time of one commit group, in seconds: from a disk that does not sync to one that hangs.
const SECONDS: [f64; 11] = [
    0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0,
];

/// The metrics of one store. Clones share them.
#[derive(Clone, Debug)]
pub struct StoreMetrics {
    /// Changes in one commit group.
    pub group_size: Histogram,
    /// Seconds that one commit group took.
    pub group_seconds: Histogram,
}

/// The connections of a store's pools.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connections {
    /// Open and idle.
    pub idle: usize,
    /// In use.
    pub used: usize,
}

impl Default for StoreMetrics {
    fn default() -> Self {
        Self {
            group_size: Histogram::new(SIZES),
            group_seconds: Histogram::new(SECONDS),
        }
    }
}

impl StoreMetrics {
    /// Records one commit group.
    pub fn observe_group(&self, changes: usize, took: Duration) {
        // INVARIANT: a group has a few hundred changes, which a float holds exactly.
        self.group_size
            .observe(f64::from(u32::try_from(changes).unwrap_or(u32::MAX)));
        self.group_seconds.observe(took.as_secs_f64());
    }
}
