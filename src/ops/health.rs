//! Is the service fit for calls? Told by gRPC health, and to probes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tonic::server::NamedService as _;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::rpc::Calls;
use crate::store::Store;
use crate::wire::v1::policy_service_server::PolicyServiceServer;
use crate::wire::v1::second_opinion_service_server::SecondOpinionServiceServer;

/// The names under which health is told; the first is the server as a whole.
pub const SERVICES: [&str; 3] = [
    "",
    SecondOpinionServiceServer::<Calls>::NAME,
    PolicyServiceServer::<Calls>::NAME,
];
/// How often the store is asked whether it is there.
const PING_EVERY: Duration = Duration::from_secs(1);
/// A ping that takes longer has failed.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// Whether the server takes calls. The store's schema was found right before it started.
pub struct Health {
    reporter: HealthReporter,
    store_is_up: AtomicBool,
    draining: AtomicBool,
}

impl Health {
    /// The health of a server whose store has been opened.
    pub async fn serving() -> Arc<Self> {
        let health = Self {
            reporter: HealthReporter::new(),
            store_is_up: AtomicBool::new(true),
            draining: AtomicBool::new(false),
        };
        health.tell(ServingStatus::Serving).await;
        Arc::new(health)
    }

    /// Who tells it to gRPC callers.
    #[must_use]
    pub fn reporter(&self) -> HealthReporter {
        self.reporter.clone()
    }

    /// Whether the store answered when it was last asked.
    #[must_use]
    pub fn store_is_up(&self) -> bool {
        self.store_is_up.load(Ordering::Relaxed)
    }

    /// Why no calls should be sent here; `None`: they should.
    #[must_use]
    pub fn not_ready(&self) -> Option<&'static str> {
        if self.draining.load(Ordering::Relaxed) {
            Some("the server drains")
        } else if self.store_is_up() {
            None
        } else {
            Some("the store does not answer")
        }
    }

    /// Says that no further calls should be sent here.
    pub async fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
        self.tell(ServingStatus::NotServing).await;
    }

    /// Asks the store, until the server drains.
    pub async fn keep_asking(&self, store: Arc<dyn Store>, mut draining: watch::Receiver<bool>) {
        let asking = async {
            loop {
                tokio::time::sleep(PING_EVERY).await;
                let reached = tokio::time::timeout(PING_TIMEOUT, store.ping()).await;
                self.found(matches!(reached, Ok(Ok(())))).await;
            }
        };
        tokio::select! {
            () = asking => {}
            // An error means that the sender is gone, and the server with it.
            _ = draining.wait_for(|draining| *draining) => {}
        }
    }

    async fn found(&self, is_up: bool) {
        if self.store_is_up.swap(is_up, Ordering::Relaxed) == is_up {
            return;
        }
        let status = if is_up {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        tracing::warn!(%status, "the store's state has changed");
        self.tell(status).await;
    }

    async fn tell(&self, status: ServingStatus) {
        for service in SERVICES {
            self.reporter.set_service_status(service, status).await;
        }
    }
}
