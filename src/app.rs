//! How are store, clock, identity and calls put together into a server, and how does it start, drain and stop?

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::config::{Config, JwksLocation, JwtAuth};
use crate::connections::{self, Security};
use crate::identity::{
    Authenticator, Callers, DevelopmentIdentity, DevelopmentKeyError, JwksError, JwksLoadError,
    JwksSource, KeySource, RefreshTask, Verifier,
};
use crate::middleware::{self, Settings};
use crate::notice::{TemplateErrors, Templates};
use crate::ops::{self, Exposed, Figures, Health, LatestDials, Meters};
use crate::press::Press;
use crate::routes;
use crate::rpc::Calls;
use crate::rules::{Calendar, Edition, Policy};
use crate::store::{self, Store, StoreError};
use crate::sweeper::{self, Sweeper, Teller};
use crate::tls::{Certificates, TlsError};
use crate::traces::{Traces, TracesError};

/// As long as the end of the process waits for the collector of traces.
const TRACES_END_MAX: Duration = Duration::from_secs(3);

/// A server that could not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on `{address}`: {cause}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// This version does not have what is configured.
    #[error("{0}")]
    NotInThisVersion(&'static str),
    /// The development key cannot be used.
    #[error(transparent)]
    DevelopmentKey(#[from] DevelopmentKeyError),
    /// The token keys cannot be used.
    #[error(transparent)]
    Jwks(#[from] JwksLoadError),
    /// The place of the token keys cannot be used.
    #[error("the JWKS cannot be used: {0}")]
    JwksPlace(#[from] JwksError),
    /// The contract's descriptors cannot be served, which no build of this crate causes.
    #[error("reflection cannot be set up: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// A certificate or key cannot be used.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] TlsError),
    /// Traces cannot be sent to where they are to go.
    #[error(transparent)]
    Traces(#[from] TracesError),
    /// The plan's own templates of letters cannot be used.
    #[error("the templates of letters cannot be used:\n{0}")]
    Templates(#[from] TemplateErrors),
    /// The system gives no thread to render letters on.
    #[error("letters cannot be rendered: {0}")]
    Press(std::io::Error),
}

/// What a server is made of.
pub struct Parts {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Who verifies tokens; `None`: none are taken.
    pub verifier: Option<Arc<Verifier>>,
    /// The certificate to show, and whose to take; `None`: it serves in the clear.
    pub tls: Option<Arc<Certificates>>,
    /// How often the sweeper asks for cases whose time runs out.
    pub sweep_every: Duration,
    /// How often the figures of deadlines are read.
    pub dials_every: Duration,
}

/// A server that runs.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where probes and scrapers are answered.
    pub ops_address: SocketAddr,
    store: Arc<dyn Store>,
    drain: watch::Sender<bool>,
    end: watch::Sender<bool>,
    health: Arc<Health>,
    served: JoinHandle<()>,
    /// What goes on beside the calls, until the server drains.
    beside: JoinHandle<()>,
    ops: JoinHandle<()>,
    grace: Duration,
    traces: Traces,
    /// Refreshes the token keys as long as the server runs.
    keys: Option<RefreshTask>,
}

/// The policy as a configuration has the plan apply it.
#[must_use]
pub fn policy(config: &Config) -> Policy {
    let closures = config
        .closures
        .iter()
        .map(|closure| (closure.date, closure.name.clone()));
    Policy {
        calendar: Calendar::new(config.plan.time_zone, closures.collect()),
        law_limits: config.law_limits,
    }
}

/// The words of letters: the shipped ones, with those in the configured folder in place of some.
///
/// # Errors
/// When one of the plan's own cannot be used, or does not say what it owes to its reader.
pub fn templates(config: &Config) -> Result<Templates, TemplateErrors> {
    match &config.notices.templates {
        None => Templates::with_none_replaced(),
        Some(folder) => Templates::with_folder(folder),
    }
}

/// Opens what a configuration names, and serves.
///
/// # Errors
/// When the store, the keys, the certificates or the address cannot be used.
pub async fn start(config: &Config, clock: Arc<dyn Clock>) -> Result<Running, StartError> {
    let tls = config.tls.as_ref().map(Certificates::load).transpose()?;
    let (verifier, keys) = verifier(config).await?;
    let parts = Parts {
        store: store::open(&config.store).await?,
        clock,
        verifier: verifier.map(Arc::new),
        tls,
        sweep_every: sweeper::EVERY,
        dials_every: ops::DIALS_EVERY,
    };
    let mut running = serve(config, parts).await?;
    running.keys = keys;
    Ok(running)
}

/// Serves with parts that are given.
///
/// # Errors
/// When an address cannot be listened on.
pub async fn serve(config: &Config, parts: Parts) -> Result<Running, StartError> {
    let (listener, address) = listen(config.listen).await?;
    let (ops_listener, ops_address) = listen(config.ops_listen).await?;
    let (drain, draining) = watch::channel(false);
    let (end, ending) = watch::channel(false);
    let policy = policy(config);
    report_edition(&policy, &*parts.clock);
    let meters = Arc::new(Meters::default());
    let dials = Arc::new(LatestDials::default());
    let health = Health::serving().await;
    let sweeper = Sweeper::new(Teller {
        store: Arc::clone(&parts.store),
        clock: Arc::clone(&parts.clock),
        calendar: policy.calendar.clone(),
        plan: config.plan.clone(),
        notices: config.notices.clone(),
        rungs: config.sweeper_rungs.clone(),
    });
    let exposed = Exposed::new(Figures {
        meters: Arc::clone(&meters),
        dials: Arc::clone(&dials),
        health: Arc::clone(&health),
        store: Arc::clone(&parts.store),
        verifier: parts.verifier.clone(),
        tls: parts.tls.clone(),
        policy: policy.clone(),
        clock: Arc::clone(&parts.clock),
    });
    let calls = Arc::new(Calls {
        store: Arc::clone(&parts.store),
        policy,
        plan: config.plan.clone(),
        notices: config.notices.clone(),
        press: Press::new(Arc::new(templates(config)?)).map_err(StartError::Press)?,
        rungs: config.sweeper_rungs.clone(),
        clock: Arc::clone(&parts.clock),
        draining: draining.clone(),
        meters: Arc::clone(&meters),
    });
    let traces = match &config.otlp_endpoint {
        Some(endpoint) => Traces::to(endpoint, config.trace_ratio, Arc::clone(&meters))?,
        None => Traces::default(),
    };
    let settings = Settings {
        authenticator: Authenticator {
            verifier: parts.verifier,
            clock: Arc::clone(&parts.clock),
        },
        max_deadline: config.max_deadline,
        max_calls: config.max_calls,
        meters,
        traces: traces.clone(),
        web_origins: config.web_origins.clone(),
    };
    let service = middleware::stack(
        settings,
        routes::guarded(calls),
        routes::open(&health.reporter())?,
    );
    let security = parts.tls.clone().map(|certificates| Security {
        certificates,
        callers: Arc::new(Callers::new(&config.callers)),
    });
    let served = tokio::spawn(connections::serve(
        listener,
        security,
        service,
        until(draining.clone()),
    ));
    let beside = {
        let (store, health) = (Arc::clone(&parts.store), Arc::clone(&health));
        async move {
            let looking = async {
                if let Some(tls) = parts.tls {
                    tls.keep_looking(draining.clone()).await;
                }
            };
            tokio::join!(
                sweeper.run(parts.sweep_every, draining.clone()),
                health.keep_asking(Arc::clone(&store), draining.clone()),
                dials.keep_reading(store, parts.clock, parts.dials_every, draining.clone()),
                looking,
            );
        }
    };
    Ok(Running {
        address,
        ops_address,
        store: parts.store,
        drain,
        end,
        health,
        served,
        beside: tokio::spawn(beside),
        ops: tokio::spawn(ops::serve(ops_listener, exposed, until(ending))),
        grace: config.drain_grace,
        traces,
        keys: None,
    })
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |cause| StartError::Listen { address, cause };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// Whose tokens are good: the configured issuer's, or the development identity's; none where certificates alone are taken.
async fn verifier(config: &Config) -> Result<(Option<Verifier>, Option<RefreshTask>), StartError> {
    match &config.auth {
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
            let place = match jwks {
                JwksLocation::File(path) => JwksSource::File(path.clone()),
                JwksLocation::Url(url) => url.parse()?,
            };
            let keys = KeySource::load(&place).await?;
            let refresh = keys.refresh_in_background();
            Ok((Some(Verifier::new(issuer, audience, keys)), Some(refresh)))
        }
    }
}

/// Says at the start when the revision that is applied is past its review; it is served all the same.
fn report_edition(policy: &Policy, clock: &dyn Clock) {
    let today = policy.calendar.day_of(clock.now());
    let edition = Edition::for_receipt(today);
    if edition.review_overdue(today) {
        tracing::warn!(
            edition = %edition.version,
            review_was_due = %edition.next_review,
            "the revision of the policy that is applied is past its review"
        );
    }
    if !policy.law_limits {
        tracing::warn!("the limits of law are switched off: only the policy's own are applied");
    }
}

async fn until(mut draining: watch::Receiver<bool>) {
    // An error means that the sender is gone, and the server with it.
    let _ = draining.wait_for(|draining| *draining).await;
}

impl Running {
    /// Says that the server is not serving, lets the calls in flight finish within the grace, ends watches with their
    /// cursor, breaks the sweeper off, and closes the store. Gives whether every call could finish.
    pub async fn stop(self) -> bool {
        let begun = Instant::now();
        self.health.drain().await;
        // INVARIANT: the receivers live as long as the server; if it is gone there is nothing to drain.
        let _ = self.drain.send(true);
        let abort = self.served.abort_handle();
        let finished = tokio::time::timeout(self.grace, self.served).await.is_ok();
        abort.abort();
        // It has let go of the store by now, or does at its next step.
        let _ = self.beside.await;
        self.store.close().await;
        let left = self.grace.saturating_sub(begun.elapsed());
        self.traces.end(left.min(TRACES_END_MAX)).await;
        // Probes were told of the drain to its end.
        let _ = self.end.send(true);
        let _ = self.ops.await;
        finished
    }
}
