//! The counters that calls update as they pass.
//!
//! An update costs some tens of nanoseconds: nothing is looked up by name and no text is built.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;
use tonic::Code;

use super::calls::{CallDurations, Method};
use super::deadlines::DeadlineCounters;

/// Bucket bounds of callers' deadlines in seconds.
const BUDGET_BUCKETS_SECONDS: [f64; 13] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];

/// The counters of one server.
#[derive(Debug)]
pub struct Meters {
    pub(super) calls: CallDurations,
    pub(super) budget: Histogram,
    pub(super) budget_left: Histogram,
    pub(super) shed: Counter,
    pub(super) panics: Counter,
    pub(super) in_flight: AtomicUsize,
    pub(super) watchers: AtomicUsize,
    pub(super) spans_sent: Counter,
    pub(super) spans_lost: Counter,
    /// Stopped clocks and decisions.
    pub deadlines: DeadlineCounters,
}

impl Default for Meters {
    fn default() -> Self {
        Self {
            calls: CallDurations::default(),
            budget: Histogram::new(BUDGET_BUCKETS_SECONDS),
            budget_left: Histogram::new(BUDGET_BUCKETS_SECONDS),
            shed: Counter::default(),
            panics: Counter::default(),
            in_flight: AtomicUsize::new(0),
            watchers: AtomicUsize::new(0),
            spans_sent: Counter::default(),
            spans_lost: Counter::default(),
            deadlines: DeadlineCounters::default(),
        }
    }
}

impl Meters {
    /// Counts a call that has ended.
    pub fn record_call(&self, method: Method, code: Code, duration: Duration) {
        if let Some(histogram) = self.calls.histogram(method, code) {
            histogram.observe(duration.as_secs_f64());
        }
    }

    /// Records the deadline that a caller set.
    pub fn record_budget(&self, budget: Duration) {
        self.budget.observe(budget.as_secs_f64());
    }

    /// Records the time left of a caller's deadline at the reply.
    pub fn record_budget_left(&self, left: Duration) {
        self.budget_left.observe(left.as_secs_f64());
    }

    /// Counts a call refused above the limit on calls in flight.
    pub fn count_shed(&self) {
        self.shed.inc();
    }

    /// Counts a panic that was answered with INTERNAL.
    pub fn count_panic(&self) {
        self.panics.inc();
    }

    /// Counts spans that the trace collector accepted.
    pub fn count_spans_sent(&self, spans: usize) {
        self.spans_sent.inc_by(spans as u64);
    }

    /// Counts spans that it did not accept, or that found the queue full.
    pub fn count_spans_lost(&self, spans: usize) {
        self.spans_lost.inc_by(spans as u64);
    }

    /// The spans that were lost so far.
    #[must_use]
    pub fn spans_lost(&self) -> u64 {
        self.spans_lost.get()
    }

    /// Admits a call unless `max` are in flight. It counts as in flight until the guard is dropped.
    #[must_use]
    pub fn admit(self: &Arc<Self>, max: usize) -> Option<InFlightCall> {
        let before = self.in_flight.fetch_add(1, Ordering::Relaxed);
        let admitted = InFlightCall(Arc::clone(self));
        (before < max).then_some(admitted)
    }

    /// Counts a watch as open until the guard is dropped.
    #[must_use]
    pub fn open_watch(self: &Arc<Self>) -> OpenWatch {
        self.watchers.fetch_add(1, Ordering::Relaxed);
        OpenWatch(Arc::clone(self))
    }
}

/// The meters of the server's certificate.
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
    pub fn count_reload_failure(&self) {
        self.reload_failures.inc();
    }

    /// The number of readings that found changed files that cannot be used.
    #[must_use]
    pub fn reload_failures(&self) -> u64 {
        self.reload_failures.get()
    }
}

/// The guard of a call in flight.
pub struct InFlightCall(Arc<Meters>);

impl Drop for InFlightCall {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The guard of an open watch.
pub struct OpenWatch(Arc<Meters>);

impl Drop for OpenWatch {
    fn drop(&mut self) {
        self.0.watchers.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_admitted_up_to_the_maximum() {
        let meters = Arc::new(Meters::default());
        let first = meters.admit(1);
        assert!(first.is_some() && meters.admit(1).is_none());
        drop(first);
        assert!(meters.admit(1).is_some());
        assert_eq!(meters.in_flight.load(Ordering::Relaxed), 0);
    }
}
