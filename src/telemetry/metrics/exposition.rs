//! The metrics page. Every name is here, and in the chart's list of metrics.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, Utc};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, EncodeMetric as _, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::histogram::Histogram;

use super::{LatestDials, Meters, TlsMeters};
use crate::clock::Clock;
use crate::identity::Verifier;
use crate::rules::{ClockKind, Edition, Policy, Urgency};
use crate::store::{CLOCKS, Dials, Store, TimeLeft, URGENCIES};
use crate::telemetry::Health;

/// The commit that this program was built from.
const COMMIT: &str = env!("BUILD_COMMIT");
/// The upper bounds of the time from receipt to decision in hours: the limits that bind, and steps between them.
const DECIDED_HOURS: [u32; 12] = [1, 4, 8, 24, 48, 72, 96, 120, 168, 240, 336, 672];

/// The sources of the metrics of one server.
pub struct Metrics {
    /// The counters of calls.
    pub meters: Arc<Meters>,
    /// How the deadlines stand.
    pub dials: Arc<LatestDials>,
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
        let (dials, age) = self.dials.show();
        if let Some(dials) = dials {
            deadlines(encoder, &dials, self.clock.now())?;
        }
        gauge(
            encoder,
            "second_opinion_dials_age_seconds",
            "Age of the figures of deadlines",
            age.as_secs_f64(),
        )?;
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
        let meters = self.store.meters();
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

/// The policy's deadlines, the same on every replica.
fn deadlines(
    encoder: &mut DescriptorEncoder<'_>,
    dials: &Dials,
    now: DateTime<Utc>,
) -> fmt::Result {
    let name = "second_opinion_open_cases";
    let mut family = encoder.encode_descriptor(
        name,
        "Cases whose clock runs, by the time that is left",
        None,
        MetricType::Gauge,
    )?;
    for clock in CLOCKS {
        for time_left in TimeLeft::ALL {
            let labels = [
                ("clock", clock_label(clock)),
                ("time_left", time_left_label(time_left)),
            ];
            let count = dials.open(clock, time_left);
            family.encode_family(&labels)?.encode_gauge(&count)?;
        }
    }
    let name = "second_opinion_next_due_seconds";
    let help = "Seconds until the next clock runs out; below zero: it has";
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for clock in CLOCKS {
        if let Some(due) = dials.next_due(clock) {
            let left = (due - now).as_seconds_f64();
            family
                .encode_family(&[("clock", clock_label(clock))])?
                .encode_gauge(&left)?;
        }
    }
    let oldest = dials
        .oldest_undecided()
        .map_or(0.0, |oldest| (now - oldest).as_seconds_f64());
    let name = "second_opinion_oldest_undecided_seconds";
    gauge(
        encoder,
        name,
        "Age of the oldest case without a decision, from its receipt",
        oldest,
    )?;
    let name = "second_opinion_clocks_stopped";
    let help = "Clocks stopped by decision or notification";
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for clock in CLOCKS {
        for (outcome, too_late) in [("met", false), ("missed", true)] {
            let labels = [("clock", clock_label(clock)), ("outcome", outcome)];
            let count = dials.stopped(clock, too_late);
            family
                .encode_family(&labels)?
                .encode_counter::<NoLabelSet, u64, f64>(&count, None)?;
        }
    }
    decisions(encoder, dials)
}

fn decisions(encoder: &mut DescriptorEncoder<'_>, dials: &Dials) -> fmt::Result {
    let name = "second_opinion_decision_seconds";
    let help = "Time from receipt to decision, each begun hour counted whole in the buckets";
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
    for urgency in URGENCIES {
        let mut above = 0;
        let mut buckets: Vec<(f64, u64)> = Vec::with_capacity(DECIDED_HOURS.len() + 1);
        for hours in DECIDED_HOURS {
            let count = dials.decided_within(urgency, above, hours.into());
            buckets.push((f64::from(hours) * 3_600.0, count));
            above = hours.into();
        }
        buckets.push((
            f64::INFINITY,
            dials.decided_within(urgency, above, u64::MAX),
        ));
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum = Duration::from_millis(dials.decided_in_ms(urgency)).as_secs_f64();
        family
            .encode_family(&[("urgency", urgency_label(urgency))])?
            .encode_histogram::<NoLabelSet>(sum, count, &buckets, None)?;
    }
    Ok(())
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

/// A counter, whose name gets `_total`.
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

const fn clock_label(clock: ClockKind) -> &'static str {
    match clock {
        ClockKind::Determination => "determination",
        ClockKind::MemberNotification => "member_notification",
        ClockKind::ProviderNotification => "provider_notification",
    }
}

const fn time_left_label(time_left: TimeLeft) -> &'static str {
    match time_left {
        TimeLeft::Overdue => "overdue",
        TimeLeft::UnderFourHours => "lt_4h",
        TimeLeft::UnderADay => "lt_24h",
        TimeLeft::UnderThreeDays => "lt_72h",
        TimeLeft::More => "more",
    }
}

const fn urgency_label(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Routine => "routine",
        Urgency::Urgent => "urgent",
    }
}
