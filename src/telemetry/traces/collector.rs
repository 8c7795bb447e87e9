//! The export of spans to a collector, in the SDK's batches.
//!
//! A call never waits for it: when the collector cannot be reached or the queue is full, spans are lost, and counted.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::tonic_types::transport::ClientTlsConfig;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithTonicConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::resource::EnvResourceDetector;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider, Span, SpanData,
    SpanProcessor,
};

use super::TracesError;
use crate::telemetry::metrics::Meters;

/// The longest queue of spans: a span takes about half a kilobyte, so that this is a megabyte.
const QUEUE_SPANS_MAX: usize = 2_048;
/// The largest batch.
const BATCH_SPANS_MAX: usize = 512;
/// The longest time that a span waits for its batch to fill.
const BATCH_EVERY: Duration = Duration::from_secs(2);
/// The longest time for the export of one batch, retries included.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);

/// The connection to a collector.
pub(super) struct Collector {
    pub(super) tracer: SdkTracer,
    provider: SdkTracerProvider,
}

impl Collector {
    pub(super) fn new(
        endpoint: &str,
        ratio: f64,
        meters: Arc<Meters>,
    ) -> Result<Self, TracesError> {
        let mut builder = SpanExporter::builder()
            .with_tonic()
            .with_endpoint(endpoint)
            .with_timeout(EXPORT_TIMEOUT);
        if endpoint.starts_with("https:") {
            // The machine's own authorities, or those that SSL_CERT_FILE names.
            builder = builder.with_tls_config(ClientTlsConfig::new().with_enabled_roots());
        }
        let exporter = builder
            .build()
            .map_err(|error| TracesError(error.to_string()))?;
        let account = Arc::new(Account {
            queued: AtomicUsize::new(0),
            is_losing: AtomicBool::new(false),
            meters,
        });
        let exporter = CountingExporter {
            exporter,
            account: Arc::clone(&account),
        };
        let config = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE_SPANS_MAX)
            .with_max_export_batch_size(BATCH_SPANS_MAX)
            .with_scheduled_delay(BATCH_EVERY)
            .build();
        let batches = BatchSpanProcessor::builder(exporter)
            .with_batch_config(config)
            .build();
        let root = Sampler::TraceIdRatioBased(ratio);
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::ParentBased(Box::new(root)))
            .with_resource(resource())
            .with_span_processor(CountingQueue { batches, account })
            .build();
        Ok(Self {
            tracer: provider.tracer(env!("CARGO_PKG_NAME")),
            provider,
        })
    }

    pub(super) async fn shutdown(&self, time_max: Duration) {
        let provider = self.provider.clone();
        // The SDK blocks its thread meanwhile.
        let shutdown =
            tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(time_max)).await;
        if !matches!(shutdown, Ok(Ok(()))) {
            tracing::warn!("the trace collector did not accept all spans before the end");
        }
    }
}

/// The server as the source of spans, with the attributes of `OTEL_RESOURCE_ATTRIBUTES`.
fn resource() -> Resource {
    Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.name", env!("CARGO_PKG_NAME")),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        ])
        .with_detector(Box::new(EnvResourceDetector::new()))
        .build()
}

/// The counts of spans. The SDK tells no one of a span that found its queue full.
#[derive(Debug)]
struct Account {
    queued: AtomicUsize,
    /// Whether spans were lost since the last batch that was accepted.
    is_losing: AtomicBool,
    meters: Arc<Meters>,
}

impl Account {
    fn record_sent(&self, spans: usize) {
        self.meters.count_spans_sent(spans);
        self.is_losing.store(false, Ordering::Relaxed);
    }

    fn record_lost(&self, spans: usize, reason: &dyn Display) {
        self.meters.count_spans_lost(spans);
        // One line an outage, not one a batch.
        if !self.is_losing.swap(true, Ordering::Relaxed) {
            tracing::warn!(%reason, "spans are lost on their way to the trace collector");
        }
    }
}

/// The SDK's batches behind a count of the spans that they hold.
#[derive(Debug)]
struct CountingQueue {
    batches: BatchSpanProcessor,
    account: Arc<Account>,
}

impl SpanProcessor for CountingQueue {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.batches.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if self.account.queued.fetch_add(1, Ordering::Relaxed) < QUEUE_SPANS_MAX {
            self.batches.on_end(span);
        } else {
            self.account.queued.fetch_sub(1, Ordering::Relaxed);
            self.account.record_lost(1, &"the queue is full");
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.batches.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.batches.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batches.set_resource(resource);
    }
}

/// The OTLP exporter with a count of the spans that the collector accepted.
#[derive(Debug)]
struct CountingExporter {
    exporter: SpanExporter,
    account: Arc<Account>,
}

impl opentelemetry_sdk::trace::SpanExporter for CountingExporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        self.account.queued.fetch_sub(spans, Ordering::Relaxed);
        let result = self.exporter.export(batch).await;
        match &result {
            Ok(()) => self.account.record_sent(spans),
            Err(error) => self.account.record_lost(spans, error),
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
