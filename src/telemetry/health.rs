//! Is the service fit for calls? Told by gRPC health, and to probes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::store::Store;
use crate::wire::v1::{policy_service_server, second_opinion_service_server};

/// The names under which health is told; the first is the server as a whole.
const SERVICES: [&str; 3] = [
    "",
    second_opinion_service_server::SERVICE_NAME,
    policy_service_server::SERVICE_NAME,
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
        health.tell().await;
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
        self.tell().await;
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
        tracing::warn!(is_up, "the store's state has changed");
        self.tell().await;
    }

    /// Tells gRPC callers what probes are told: a store that comes back while the server drains does not bring it back.
    async fn tell(&self) {
        let status = match self.not_ready() {
            None => ServingStatus::Serving,
            Some(_) => ServingStatus::NotServing,
        };
        for service in SERVICES {
            self.reporter.set_service_status(service, status).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use tonic::Request;
    use tonic_health::pb::HealthCheckRequest;
    use tonic_health::pb::health_server::Health as _;
    use tonic_health::server::HealthService;

    use super::*;

    async fn told(health: &Health) -> i32 {
        let service = HealthService::from_health_reporter(health.reporter());
        let asked = service.check(Request::new(HealthCheckRequest::default()));
        asked.await.expect("an answer").into_inner().status
    }

    #[tokio::test]
    async fn a_store_that_comes_back_while_the_server_drains_does_not_bring_it_back() {
        let (serving, not_serving) = (1, 2);
        let health = Health::serving().await;
        assert_eq!(told(&health).await, serving);
        health.found(false).await;
        assert_eq!(told(&health).await, not_serving);
        health.found(true).await;
        assert_eq!(told(&health).await, serving);
        health.found(false).await;
        health.drain().await;
        health.found(true).await;
        assert_eq!(told(&health).await, not_serving);
        assert_eq!(health.not_ready(), Some("the server drains"));
    }
}
