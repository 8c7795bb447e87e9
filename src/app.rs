//! How are store, clock, identity and calls put together into a server, and how does it start, drain and stop?

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tonic::server::NamedService as _;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::clock::Clock;
use crate::config::{Config, JwksLocation, JwtAuth};
use crate::connections;
use crate::identity::{
    DevelopmentIdentity, DevelopmentKeyError, JwksError, JwksLoadError, JwksSource, KeySource,
    RefreshTask, Verifier,
};
use crate::layer::{self, Guard};
use crate::notice::{TemplateErrors, Templates};
use crate::press::Press;
use crate::routes::Routes;
use crate::rpc::Calls;
use crate::rules::{Calendar, Edition, Policy};
use crate::store::{self, Store, StoreError};
use crate::sweeper::{self, Sweeper, Teller};
use crate::tls::{self, TlsError};
use crate::wire::v1::policy_service_server::PolicyServiceServer;
use crate::wire::v1::second_opinion_service_server::SecondOpinionServiceServer;

/// The names under which health is told; the first is the server as a whole.
const SERVICES: [&str; 3] = [
    "",
    SecondOpinionServiceServer::<Calls>::NAME,
    PolicyServiceServer::<Calls>::NAME,
];
/// How often the store is asked whether it is there.
const PING_EVERY: Duration = Duration::from_secs(1);
/// A ping that takes longer has failed.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

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
    /// Who verifies callers.
    pub verifier: Arc<Verifier>,
    /// How often the sweeper asks for cases whose time runs out.
    pub sweep_every: Duration,
}

/// A server that runs.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    store: Arc<dyn Store>,
    drain: watch::Sender<bool>,
    health: HealthReporter,
    served: JoinHandle<()>,
    pinging: JoinHandle<()>,
    sweeping: JoinHandle<()>,
    grace: Duration,
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
    let tls = config.tls.as_ref().map(tls::acceptor).transpose()?;
    let (verifier, keys) = verifier(config).await?;
    let parts = Parts {
        store: store::open(&config.store).await?,
        clock,
        verifier: Arc::new(verifier),
        sweep_every: sweeper::EVERY,
    };
    let mut running = serve(config, parts, tls).await?;
    running.keys = keys;
    Ok(running)
}

/// Serves with parts that are given.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn serve(
    config: &Config,
    parts: Parts,
    tls: Option<TlsAcceptor>,
) -> Result<Running, StartError> {
    let listen = |cause| StartError::Listen {
        address: config.listen,
        cause,
    };
    let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let (drain, draining) = watch::channel(false);
    let policy = policy(config);
    report_edition(&policy, &*parts.clock);
    let sweeper = Sweeper::new(Teller {
        store: Arc::clone(&parts.store),
        clock: Arc::clone(&parts.clock),
        calendar: policy.calendar.clone(),
        plan: config.plan.clone(),
        notices: config.notices.clone(),
        rungs: config.sweeper_rungs.clone(),
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
    });
    let health = HealthReporter::new();
    tell_health(&health, ServingStatus::Serving).await;
    let guard = Guard::new(parts.verifier, parts.clock);
    let service = layer::outer(config.max_deadline, &config.web_origins)
        .service(Routes::new(calls, &guard, &health)?);
    let answering = tokio::spawn(connections::serve(
        listener,
        tls,
        service,
        until(draining.clone()),
    ));
    let sweeping = tokio::spawn(sweeper.run(parts.sweep_every, draining.clone()));
    let pinging = tokio::spawn(ping(Arc::clone(&parts.store), health.clone(), draining));
    Ok(Running {
        address,
        store: parts.store,
        drain,
        health,
        served: answering,
        pinging,
        sweeping,
        grace: config.drain_grace,
        keys: None,
    })
}

/// Whose tokens are good: the configured issuer's, or the development identity's.
async fn verifier(config: &Config) -> Result<(Verifier, Option<RefreshTask>), StartError> {
    if config
        .tls
        .as_ref()
        .is_some_and(|tls| tls.client_ca.is_some())
    {
        return Err(StartError::NotInThisVersion(
            "this version takes no client certificates; leave `tls_client_ca` out",
        ));
    }
    match &config.auth {
        None => Ok((
            DevelopmentIdentity::load_or_create(&config.data)?.verifier(),
            None,
        )),
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
            Ok((Verifier::new(issuer, audience, keys), Some(refresh)))
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

async fn tell_health(health: &HealthReporter, status: ServingStatus) {
    for service in SERVICES {
        health.set_service_status(service, status).await;
    }
}

/// Tells health whether the store is there, until the server drains.
async fn ping(store: Arc<dyn Store>, health: HealthReporter, mut draining: watch::Receiver<bool>) {
    let mut told = ServingStatus::Serving;
    loop {
        tokio::select! {
            () = tokio::time::sleep(PING_EVERY) => {}
            _ = draining.wait_for(|draining| *draining) => return,
        }
        let reached = tokio::time::timeout(PING_TIMEOUT, store.ping()).await;
        let status = match reached {
            Ok(Ok(())) => ServingStatus::Serving,
            Ok(Err(_)) | Err(_) => ServingStatus::NotServing,
        };
        if status != told {
            tracing::warn!(%status, "the store's state has changed");
            tell_health(&health, status).await;
            told = status;
        }
    }
}

impl Running {
    /// Says that the server is not serving, lets the calls in flight finish within the grace, ends watches with their
    /// cursor, breaks the sweeper off, and closes the store. Gives whether every call could finish.
    pub async fn stop(self) -> bool {
        tell_health(&self.health, ServingStatus::NotServing).await;
        // INVARIANT: the receivers live as long as the server; if it is gone there is nothing to drain.
        let _ = self.drain.send(true);
        self.pinging.abort();
        let abort = self.served.abort_handle();
        let finished = tokio::time::timeout(self.grace, self.served).await.is_ok();
        abort.abort();
        // It has let go of the store by now, or does at its next step.
        let _ = self.sweeping.await;
        self.store.close().await;
        finished
    }
}
