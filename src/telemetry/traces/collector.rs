//! How do spans get to the collector, and what is told where they do not?
//!
//! The library's batches, sent by a thread of its own. A call never waits for them: where the collector cannot be reached
//! or the queue is full, spans are lost, counted, and told of once a minute.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

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

/// As many spans as wait to be sent: about half a kilobyte each.
const WAITING_MAX: usize = 2_048;
/// As many spans as are sent at once.
const BATCH_MAX: usize = 512;
/// As long as a span waits for others to go with it.
const BATCH_EVERY: Duration = Duration::from_secs(2);
/// As long as the collector may take for a batch, tries after a refusal included.
const SEND_MAX: Duration = Duration::from_secs(5);
/// How often it is told that spans are lost.
const TOLD_EVERY: Duration = Duration::from_mins(1);

/// The way to the collector.
pub(super) struct Collector {
    pub(super) tracer: SdkTracer,
    provider: SdkTracerProvider,
    account: Arc<Account>,
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
            .with_timeout(SEND_MAX);
        if endpoint.starts_with("https:") {
            // The machine's own authorities, or those that SSL_CERT_FILE names.
            builder = builder.with_tls_config(ClientTlsConfig::new().with_enabled_roots());
        }
        let exporter = builder
            .build()
            .map_err(|error| TracesError(error.to_string()))?;
        let account = Arc::new(Account::new(meters));
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(WAITING_MAX)
            .with_max_export_batch_size(BATCH_MAX)
            .with_scheduled_delay(BATCH_EVERY)
            .build();
        let exporter = Accounted {
            exporter,
            account: Arc::clone(&account),
        };
        let batch = BatchSpanProcessor::builder(exporter)
            .with_batch_config(batches)
            .build();
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(
                ratio,
            ))))
            .with_resource(resource())
            .with_span_processor(Bounded {
                batch,
                account: Arc::clone(&account),
            })
            .build();
        Ok(Self {
            tracer: provider.tracer(env!("CARGO_PKG_NAME")),
            provider,
            account,
        })
    }

    pub(super) async fn end(&self, within: Duration) {
        let provider = self.provider.clone();
        // It waits for its thread, on a thread.
        let ended =
            tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(within)).await;
        if !matches!(ended, Ok(Ok(()))) {
            let waiting = self.account.waiting.load(Ordering::Relaxed);
            tracing::warn!(
                waiting,
                "the collector of traces did not take all spans before the end"
            );
        }
    }
}

/// Who the spans are of; what `OTEL_RESOURCE_ATTRIBUTES` says comes on top.
fn resource() -> Resource {
    Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.name", env!("CARGO_PKG_NAME")),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        ])
        .with_detector(Box::new(EnvResourceDetector::new()))
        .build()
}

/// What became of the spans.
struct Account {
    waiting: AtomicUsize,
    meters: Arc<Meters>,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    at: Option<Instant>,
    lost: u64,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").finish_non_exhaustive()
    }
}

impl Account {
    fn new(meters: Arc<Meters>) -> Self {
        Self {
            waiting: AtomicUsize::new(0),
            meters,
            told: Mutex::default(),
        }
    }

    /// Whether there is room for one more to wait.
    fn admits(&self) -> bool {
        let admitted = self.waiting.fetch_add(1, Ordering::Relaxed) < WAITING_MAX;
        if !admitted {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            self.meters.spans_lost(1);
        }
        admitted
    }

    /// So many were sent, or not.
    fn sent(&self, spans: usize, result: &OTelSdkResult) {
        let spans = u64::try_from(spans).unwrap_or(u64::MAX);
        match result {
            Ok(()) => self.meters.spans_sent(spans),
            Err(_) => self.meters.spans_lost(spans),
        }
        let lost = self.meters.spans_lost_so_far();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = told.at.is_none_or(|at| at.elapsed() >= TOLD_EVERY);
        if lost > told.lost && is_time {
            *told = Told {
                at: Some(Instant::now()),
                lost,
            };
            let reason = match result {
                Ok(()) => "more calls are sampled than the collector takes".to_owned(),
                Err(error) => error.to_string(),
            };
            tracing::warn!(lost, reason, "spans for the collector of traces are lost");
        }
    }
}

/// Lets no more spans wait than may.
#[derive(Debug)]
struct Bounded {
    batch: BatchSpanProcessor,
    account: Arc<Account>,
}

impl SpanProcessor for Bounded {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.batch.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if self.account.admits() {
            self.batch.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.batch.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.batch.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batch.set_resource(resource);
    }
}

/// Sends batches, and keeps account of them.
#[derive(Debug)]
struct Accounted {
    exporter: SpanExporter,
    account: Arc<Account>,
}

impl opentelemetry_sdk::trace::SpanExporter for Accounted {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        self.account.waiting.fetch_sub(spans, Ordering::Relaxed);
        let result = self.exporter.export(batch).await;
        self.account.sent(spans, &result);
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
