//! What does a store count of its own work?

use std::time::Duration;

use prometheus_client::metrics::histogram::Histogram;

/// The upper bounds of changes in one commit.
const SIZES: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 256.0, 512.0];
/// The upper bounds of the time that one commit took, in seconds: from a disk that lies about a sync to one that hangs.
const SECONDS: [f64; 11] = [
    0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0,
];

/// Counts of one store. Clones share them.
#[derive(Clone, Debug)]
pub struct StoreMetrics {
    /// Changes that went into one commit.
    pub group_size: Histogram,
    /// Seconds that one commit took.
    pub group_seconds: Histogram,
}

/// Connections of a pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connections {
    /// Open, and used by no one.
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
    /// So many changes were committed together, and it took so long.
    pub fn observe_group(&self, changes: usize, took: Duration) {
        // INVARIANT: a group is of a few hundred, which a float holds exactly.
        self.group_size
            .observe(f64::from(u32::try_from(changes).unwrap_or(u32::MAX)));
        self.group_seconds.observe(took.as_secs_f64());
    }
}
