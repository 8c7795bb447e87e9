//! The metrics page. Every name is here, and in the chart's list of metrics.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, EncodeMetric as _, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::histogram::Histogram;

use super::{LatestOpenCases, Meters, TlsMeters, deadlines};
use crate::clock::Clock;
use crate::identity::Verifier;
use crate::rules::{Edition, Policy};
use crate::store::Store;
use crate::telemetry::Health;

/// The commit that this program was built from.
const COMMIT: &str = env!("BUILD_COMMIT");

/// The sources of the metrics of one server.
pub struct Metrics {
    /// The counters of calls.
    pub meters: Arc<Meters>,
    /// The open cases.
    pub open_cases: Arc<LatestOpenCases>,
    /// The health of the server.
    pub health: Arc<Health>,
    /// The store, with counters of its own.
    pub store: Arc<dyn Store>,
    /// The verifier of tokens, for the age of its keys; `None`: no tokens are accepted.
    pub verifier: Option<Arc<Verifier>>,
    /// The meters of the server's certificate; `None`: it serves in the clear.
    pub tls: Option<Arc<TlsMeters>>,
    /// The policy in force.
    pub policy: Policy,
    /// The server's clock.
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Collector for Metrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let encoder = &mut encoder;
        let (open_cases, age) = self.open_cases.get();
        if let Some(open_cases) = open_cases {
            deadlines::encode_open_cases(encoder, &open_cases, self.clock.now())?;
        }
        gauge(
            encoder,
            "second_opinion_dials_age_seconds",
            "Age of the open cases' figures",
            age.as_secs_f64(),
        )?;
        self.meters.deadlines.encode(encoder)?;
        self.calls(encoder)?;
        self.store(encoder)?;
        self.identity(encoder)?;
        let today = self.policy.calendar.day_of(self.clock.now());
        let overdue = Edition::for_receipt(today).review_overdue(today);
        gauge(
            encoder,
            "second_opinion_policy_review_overdue",
            "1 if the edition in force is past its review date, else 0",
            u64::from(overdue),
        )?;
        let build = [("version", env!("CARGO_PKG_VERSION")), ("commit", COMMIT)];
        let name = "second_opinion_build_info";
        encoder
            .encode_descriptor(name, "Always 1", None, MetricType::Gauge)?
            .encode_family(&build)?
            .encode_gauge(&1_u64)
    }
}

impl Metrics {
    fn calls(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let meters = &self.meters;
        meters.calls.encode(encoder)?;
        let (budget, left) = (
            "second_opinion_call_budget_seconds",
            "second_opinion_call_budget_left_seconds",
        );
        histogram(
            encoder,
            budget,
            "Deadlines that callers set",
            &meters.budget,
        )?;
        histogram(
            encoder,
            left,
            "Time left of the deadline at the reply",
            &meters.budget_left,
        )?;
        let in_flight = meters.in_flight.load(Ordering::Relaxed);
        let name = "second_opinion_calls_in_flight";
        gauge(encoder, name, "Calls in flight", in_flight)?;
        let name = "second_opinion_calls_shed";
        let help = "Calls refused above the limit on calls in flight";
        counter(encoder, name, help, meters.shed.get())?;
        let name = "second_opinion_panics";
        counter(
            encoder,
            name,
            "Panics answered with INTERNAL",
            meters.panics.get(),
        )?;
        let name = "second_opinion_spans";
        let help = "Call spans that the trace collector accepted, and that were lost";
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (outcome, spans) in [("sent", &meters.spans_sent), ("lost", &meters.spans_lost)] {
            family
                .encode_family(&[("outcome", outcome)])?
                .encode_counter::<NoLabelSet, _, f64>(&spans.get(), None)?;
        }
        let watchers = meters.watchers.load(Ordering::Relaxed);
        let name = "second_opinion_watchers";
        gauge(encoder, name, "Open WatchDeterminations streams", watchers)
    }

    fn store(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let up = u64::from(self.health.is_store_up());
        let name = "second_opinion_store_up";
        gauge(encoder, name, "1 while the store answers, else 0", up)?;
        let meters = self.store.metrics();
        let (size, seconds) = (
            "second_opinion_commit_group_size",
            "second_opinion_commit_group_seconds",
        );
        histogram(encoder, size, "Changes in one commit", &meters.group_size)?;
        histogram(
            encoder,
            seconds,
            "Duration of one commit",
            &meters.group_seconds,
        )?;
        let connections = self.store.connections();
        let name = "second_opinion_store_pool_connections";
        let help = "Connections to PostgreSQL; none with the embedded store";
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (state, count) in [("idle", connections.idle), ("used", connections.used)] {
            family
                .encode_family(&[("state", state)])?
                .encode_gauge(&count)?;
        }
        Ok(())
    }

    fn identity(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let keys_age = self
            .verifier
            .as_ref()
            .and_then(|verifier| verifier.keys_age());
        if let Some(age) = keys_age.as_ref().map(Duration::as_secs_f64) {
            let name = "second_opinion_jwks_age_seconds";
            gauge(
                encoder,
                name,
                "Time since the issuer's keys were last fetched successfully",
                age,
            )?;
        }
        let Some(tls) = &self.tls else { return Ok(()) };
        if let Some(expiry) = tls.expiry() {
            let name = "second_opinion_tls_certificate_expiry_timestamp_seconds";
            gauge(encoder, name, "Expiry of the certificate in use", expiry)?;
        }
        let name = "second_opinion_tls_reload_failures";
        let help = "Failed reloads of changed TLS files; the last valid ones stay in use";
        counter(encoder, name, help, tls.reload_failures())
    }
}

fn gauge(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    value: impl EncodeGaugeValue + Copy,
) -> fmt::Result {
    encoder
        .encode_descriptor(name, help, None, MetricType::Gauge)?
        .encode_gauge(&value)
}

/// A counter; its name gets `_total`.
fn counter(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    value: impl EncodeCounterValue + Copy,
) -> fmt::Result {
    encoder
        .encode_descriptor(name, help, None, MetricType::Counter)?
        .encode_counter::<NoLabelSet, _, f64>(&value, None)
}

fn histogram(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    observed: &Histogram,
) -> fmt::Result {
    observed.encode(encoder.encode_descriptor(name, help, None, MetricType::Histogram)?)
}
