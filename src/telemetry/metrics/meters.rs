//! What is counted as calls go by?
//!
//! Handles that cost a call some tens of nanoseconds: nothing is looked up by name, and no text is made.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;
use tonic::Code;

use super::calls::{Calls, Method};

/// The upper bounds of deadlines in seconds.
const BUDGET_SECONDS: [f64; 13] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];

/// What one server counts of its calls.
#[derive(Debug)]
pub struct Meters {
    pub(super) calls: Calls,
    pub(super) budget: Histogram,
    pub(super) budget_left: Histogram,
    pub(super) shed: Counter,
    pub(super) panics: Counter,
    pub(super) in_flight: AtomicUsize,
    pub(super) watchers: AtomicUsize,
    pub(super) spans_sent: Counter,
    pub(super) spans_lost: Counter,
}

impl Default for Meters {
    fn default() -> Self {
        Self {
            calls: Calls::default(),
            budget: Histogram::new(BUDGET_SECONDS),
            budget_left: Histogram::new(BUDGET_SECONDS),
            shed: Counter::default(),
            panics: Counter::default(),
            in_flight: AtomicUsize::new(0),
            watchers: AtomicUsize::new(0),
            spans_sent: Counter::default(),
            spans_lost: Counter::default(),
        }
    }
}

impl Meters {
    /// A call ended.
    pub fn ended(&self, method: Method, code: Code, took: Duration) {
        if let Some(histogram) = self.calls.histogram(method, code) {
            histogram.observe(took.as_secs_f64());
        }
    }

    /// A caller gave a deadline.
    pub fn budget_given(&self, budget: Duration) {
        self.budget.observe(budget.as_secs_f64());
    }

    /// So much of a caller's deadline was left at the reply.
    pub fn budget_left(&self, left: Duration) {
        self.budget_left.observe(left.as_secs_f64());
    }

    /// A call was refused because too many were being answered.
    pub fn shed(&self) {
        self.shed.inc();
    }

    /// A defect became INTERNAL.
    pub fn panicked(&self) {
        self.panics.inc();
    }

    /// So many spans were taken by the collector of traces.
    pub fn spans_sent(&self, spans: u64) {
        self.spans_sent.inc_by(spans);
    }

    /// So many spans were not taken by it, or found no room to wait.
    pub fn spans_lost(&self, spans: u64) {
        self.spans_lost.inc_by(spans);
    }

    /// As many spans as were lost until now.
    #[must_use]
    pub fn spans_lost_so_far(&self) -> u64 {
        self.spans_lost.get()
    }

    /// Begins to answer a call, unless `max` are being answered already. It counts until the guard is dropped.
    #[must_use]
    pub fn admit(self: &Arc<Self>, max: usize) -> Option<InFlight> {
        let before = self.in_flight.fetch_add(1, Ordering::Relaxed);
        let admitted = InFlight(Arc::clone(self));
        (before < max).then_some(admitted)
    }

    /// A watch is open until the guard is dropped.
    #[must_use]
    pub fn watching(self: &Arc<Self>) -> Watching {
        self.watchers.fetch_add(1, Ordering::Relaxed);
        Watching(Arc::clone(self))
    }
}

/// Figures of the server's certificate.
#[derive(Debug, Default)]
pub struct TlsMeters {
    /// Seconds since 1970; 0: unknown.
    expiry: AtomicU64,
    reload_failures: Counter,
}

impl TlsMeters {
    /// Sets the expiry of the certificate in use, in seconds since 1970; `None`: it cannot be read.
    pub fn set_expiry(&self, expiry: Option<u64>) {
        self.expiry.store(expiry.unwrap_or(0), Ordering::Relaxed);
    }

    /// The expiry of the certificate in use, in seconds since 1970; `None`: it cannot be read.
    #[must_use]
    pub fn expiry(&self) -> Option<u64> {
        Some(self.expiry.load(Ordering::Relaxed)).filter(|expiry| *expiry > 0)
    }

    /// Counts changed TLS files that cannot be used.
    pub fn reload_failed(&self) {
        self.reload_failures.inc();
    }

    /// The number of readings that found changed files that cannot be used.
    #[must_use]
    pub fn reload_failures(&self) -> u64 {
        self.reload_failures.get()
    }
}

/// A call that is being answered.
pub struct InFlight(Arc<Meters>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A watch that is open.
pub struct Watching(Arc<Meters>);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.watchers.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_are_admitted_than_may_be() {
        let meters = Arc::new(Meters::default());
        let first = meters.admit(1);
        assert!(first.is_some() && meters.admit(1).is_none());
        drop(first);
        assert!(meters.admit(1).is_some());
        assert_eq!(meters.in_flight.load(Ordering::Relaxed), 0);
    }
}
