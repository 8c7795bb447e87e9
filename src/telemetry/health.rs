//! The health of the server, for gRPC health and for probes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::store::Store;
use crate::wire::v1::{policy_service_server, second_opinion_service_server};

/// The names that gRPC health answers for; the first is the server as a whole.
const SERVICES: [&str; 3] = [
    "",
    second_opinion_service_server::SERVICE_NAME,
    policy_service_server::SERVICE_NAME,
];
/// The interval between pings of the store.
const PING_EVERY: Duration = Duration::from_secs(1);
/// The time after which a ping has failed.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// Whether the server takes calls. The store's schema was checked before it started.
pub struct Health {
    reporter: HealthReporter,
    store_is_up: AtomicBool,
    draining: AtomicBool,
}

impl Health {
    /// The health of a server with an open store.
    pub async fn new() -> Arc<Self> {
        let health = Self {
            reporter: HealthReporter::new(),
            store_is_up: AtomicBool::new(true),
            draining: AtomicBool::new(false),
        };
        health.publish().await;
        Arc::new(health)
    }

    /// The source of gRPC health's answers.
    #[must_use]
    pub fn reporter(&self) -> HealthReporter {
        self.reporter.clone()
    }

    /// Whether the store answered the last ping.
    #[must_use]
    pub fn is_store_up(&self) -> bool {
        self.store_is_up.load(Ordering::Relaxed)
    }

    /// The reason why no calls should be sent here; `None`: the server is ready.
    #[must_use]
    pub fn unready_reason(&self) -> Option<&'static str> {
        if self.draining.load(Ordering::Relaxed) {
            Some("the server drains")
        } else if self.is_store_up() {
            None
        } else {
            Some("the store does not answer")
        }
    }

    /// Reports from now on that no calls should be sent here.
    pub async fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
        self.publish().await;
    }

    /// Pings the store until the server drains.
    pub async fn monitor(&self, store: Arc<dyn Store>, mut draining: watch::Receiver<bool>) {
        let pings = async {
            loop {
                tokio::time::sleep(PING_EVERY).await;
                let pinged = tokio::time::timeout(PING_TIMEOUT, store.ping()).await;
                self.set_store(matches!(pinged, Ok(Ok(())))).await;
            }
        };
        tokio::select! {
            () = pings => {}
            // An error means that the server is gone, and the sender with it.
            _ = draining.wait_for(|draining| *draining) => {}
        }
    }

    async fn set_store(&self, is_up: bool) {
        if self.store_is_up.swap(is_up, Ordering::Relaxed) == is_up {
            return;
        }
        tracing::warn!(is_up, "the store's state has changed");
        self.publish().await;
    }

    /// Sets the status of gRPC health to that of the probes: a store that recovers does not end a drain.
    async fn publish(&self) {
        let status = match self.unready_reason() {
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

    async fn status(health: &Health) -> i32 {
        let service = HealthService::from_health_reporter(health.reporter());
        let answer = service.check(Request::new(HealthCheckRequest::default()));
        answer.await.expect("an answer").into_inner().status
    }

    #[tokio::test]
    async fn store_that_recovers_does_not_end_a_drain() {
        let (serving, not_serving) = (1, 2);
        let health = Health::new().await;
        assert_eq!(status(&health).await, serving);
        health.set_store(false).await;
        assert_eq!(status(&health).await, not_serving);
        health.set_store(true).await;
        assert_eq!(status(&health).await, serving);
        health.set_store(false).await;
        health.drain().await;
        health.set_store(true).await;
        assert_eq!(status(&health).await, not_serving);
        assert_eq!(health.unready_reason(), Some("the server drains"));
    }
}
