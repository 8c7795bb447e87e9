//! The server: startup, serving and drain.

mod connection;
mod error;
mod lent;
mod listener;
mod request_body;
mod routes;
pub mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::config::{Config, JwtAuth};
use crate::identity::{
    Authenticator, Callers, DevelopmentIdentity, KeySource, RefreshTask, Verifier,
};
use crate::middleware::{self, Settings};
use crate::renderer::Renderer;
use crate::rpc::Calls;
use crate::rules::{Edition, Policy};
use crate::store::{self, Store};
use crate::sweeper::{self, CaseSweeper, Sweeper};
use crate::telemetry::Health;
use crate::telemetry::metrics::{self, LatestOpenCases, Meters, Metrics};
use crate::telemetry::ops_server;
use crate::telemetry::traces::Traces;
use connection::Security;
use tls::Certificates;

pub use error::StartError;

/// Maximum time at the end of the process to export the last traces.
const TRACES_END_MAX: Duration = Duration::from_secs(3);
/// Maximum wait for a scrape that is under way at the end, when nothing else is left to do.
const OPS_END_MAX: Duration = Duration::from_secs(1);

/// The parts that a server is made of.
pub struct Parts {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The verifier of tokens; `None`: no tokens are accepted.
    pub verifier: Option<Arc<Verifier>>,
    /// The server's certificate and the callers' authority; `None`: the server serves in the clear.
    pub tls: Option<Arc<Certificates>>,
    /// The interval of the sweeper.
    pub sweep_every: Duration,
    /// The interval at which the metrics of deadlines are read.
    pub open_cases_every: Duration,
}

/// A running server.
pub struct Running {
    /// The address for calls.
    pub address: SocketAddr,
    /// The address for probes and scrapers.
    pub ops_address: SocketAddr,
    store: Arc<dyn Store>,
    health: Arc<Health>,
    traces: Traces,
    /// Begins the drain.
    drain: watch::Sender<bool>,
    /// Ends the ops port, which is served to the end of the drain.
    end_ops: watch::Sender<bool>,
    serving: JoinHandle<()>,
    background: JoinHandle<()>,
    serving_ops: JoinHandle<()>,
    drain_grace: Duration,
    /// Refreshes the token keys as long as the server runs.
    _keys: Option<RefreshTask>,
}

/// Opens what a configuration names, and serves.
///
/// # Errors
/// When the store, the keys, the certificates or an address cannot be used.
pub async fn start(config: &Config, clock: Arc<dyn Clock>) -> Result<Running, StartError> {
    let tls = config.tls().as_ref().map(Certificates::load).transpose()?;
    let (verifier, keys) = verifier(config).await?;
    let parts = Parts {
        store: store::open(&config.store).await?,
        clock,
        verifier: verifier.map(Arc::new),
        tls,
        sweep_every: sweeper::INTERVAL,
        open_cases_every: metrics::OPEN_CASES_EVERY,
    };
    let running = serve(config, parts).await?;
    Ok(Running {
        _keys: keys,
        ..running
    })
}

/// Serves with parts that are given.
///
/// # Errors
/// When an address cannot be used.
pub async fn serve(config: &Config, parts: Parts) -> Result<Running, StartError> {
    let (listener, address) = bind(config.listen).await?;
    let (ops_listener, ops_address) = bind(config.ops_listen).await?;
    let (drain, draining) = watch::channel(false);
    let (end_ops, ops_ending) = watch::channel(false);

    let policy = config.policy();
    warn_about_policy(&policy, &*parts.clock);

    let meters = Arc::new(Meters::default());
    let open_cases = Arc::new(LatestOpenCases::default());
    let health = Health::new().await;
    let traces = match &config.otlp_endpoint {
        Some(endpoint) => Traces::export_to(endpoint, config.trace_ratio, Arc::clone(&meters))?,
        None => Traces::default(),
    };
    let metrics = Metrics {
        meters: Arc::clone(&meters),
        open_cases: Arc::clone(&open_cases),
        health: Arc::clone(&health),
        store: Arc::clone(&parts.store),
        verifier: parts.verifier.clone(),
        tls: parts.tls.as_ref().map(|tls| Arc::clone(tls.meters())),
        policy: policy.clone(),
        clock: Arc::clone(&parts.clock),
    };

    let sweeper = Sweeper::new(CaseSweeper {
        store: Arc::clone(&parts.store),
        clock: Arc::clone(&parts.clock),
        calendar: policy.calendar.clone(),
        plan: config.plan.clone(),
        notices: config.notices.clone(),
        reminder_thresholds: config.sweeper.rungs.clone(),
    });
    let calls = Arc::new(Calls {
        store: Arc::clone(&parts.store),
        policy,
        plan: config.plan.clone(),
        notices: config.notices.clone(),
        renderer: Renderer::new(Arc::new(config.templates()?)).map_err(StartError::Renderer)?,
        reminder_thresholds: config.sweeper.rungs.clone(),
        clock: Arc::clone(&parts.clock),
        draining: draining.clone(),
        meters: Arc::clone(&meters),
    });
    let settings = Settings {
        authenticator: Authenticator {
            verifier: parts.verifier,
            clock: Arc::clone(&parts.clock),
        },
        max_deadline: config.max_deadline,
        max_calls: config.max_calls,
        meters,
        traces: traces.clone(),
        web_origins: config.web.origins.clone(),
    };
    let (guarded, open) = (routes::guarded(calls), routes::open(&health.reporter())?);
    let stack = middleware::stack(settings, guarded, open);
    let security = parts.tls.clone().map(|certificates| Security {
        certificates,
        callers: Arc::new(Callers::new(&config.callers)),
    });

    let serving = listener::serve(listener, security, stack, until(draining.clone()));
    let serving_ops = ops_server::serve(ops_listener, metrics, until(ops_ending));
    let background = {
        let (store, health) = (Arc::clone(&parts.store), Arc::clone(&health));
        async move {
            let reloading = async {
                if let Some(tls) = parts.tls {
                    tls.reload_until_drained(draining.clone()).await;
                }
            };
            tokio::join!(
                sweeper.run(parts.sweep_every, draining.clone()),
                health.monitor(Arc::clone(&store), draining.clone()),
                open_cases.keep_reading(
                    store,
                    parts.clock,
                    parts.open_cases_every,
                    draining.clone()
                ),
                reloading,
            );
        }
    };
    Ok(Running {
        address,
        ops_address,
        store: parts.store,
        health,
        traces,
        drain,
        end_ops,
        serving: tokio::spawn(serving),
        background: tokio::spawn(background),
        serving_ops: tokio::spawn(serving_ops),
        drain_grace: config.drain_grace,
        _keys: None,
    })
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |cause| StartError::Listen { address, cause };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// The verifier of the configured issuer's tokens, or the development identity's; none where only certificates are
/// accepted.
async fn verifier(config: &Config) -> Result<(Option<Verifier>, Option<RefreshTask>), StartError> {
    match config.auth() {
        None if config.development_identity() => {
            let identity = DevelopmentIdentity::load_or_create(&config.data)?;
            Ok((Some(identity.verifier()), None))
        }
        None => Ok((None, None)),
        Some(JwtAuth {
            jwks,
            issuer,
            audience,
        }) => {
            let keys = KeySource::load(&jwks).await?;
            let refresh = keys.refresh_in_background();
            Ok((Some(Verifier::new(issuer, audience, keys)), Some(refresh)))
        }
    }
}

/// Warns at the start when the edition applied is past its review, or the limits of law are off; both are served.
fn warn_about_policy(policy: &Policy, clock: &dyn Clock) {
    let today = policy.calendar.day_of(clock.now());
    let edition = Edition::for_receipt(today);
    if edition.review_overdue(today) {
        tracing::warn!(
            edition = %edition.version,
            review_was_due = %edition.next_review,
            "the edition of the policy that is applied is past its review"
        );
    }
    if !policy.law_limits {
        tracing::warn!("the limits of law are switched off: only the policy's own are applied");
    }
}

async fn until(mut signal: watch::Receiver<bool>) {
    // An error means that the sender is gone, and the server with it.
    let _ = signal.wait_for(|is_on| *is_on).await;
}

impl Running {
    /// Drains the server: reports it as not serving, ends watches with their cursor, stops the sweeper, lets the calls in
    /// flight finish within the grace period, and closes the store. Returns whether every call could finish.
    pub async fn stop(self) -> bool {
        let begun = Instant::now();
        self.health.drain().await;
        // INVARIANT: the receivers live as long as the server; if it is gone there is nothing to drain.
        let _ = self.drain.send(true);
        let abort = self.serving.abort_handle();
        let finished = tokio::time::timeout(self.drain_grace, self.serving)
            .await
            .is_ok();
        abort.abort();
        // It has released the store by now, or does at its next step.
        let _ = self.background.await;
        self.store.close().await;
        let left = self.drain_grace.saturating_sub(begun.elapsed());
        self.traces.shutdown(left.min(TRACES_END_MAX)).await;
        let _ = self.end_ops.send(true);
        let ops = self.serving_ops.abort_handle();
        let _ = tokio::time::timeout(OPS_END_MAX, self.serving_ops).await;
        ops.abort();
        finished
    }
}
