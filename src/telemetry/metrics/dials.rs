//! How fresh are the figures of deadlines, and who reads them?

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::clock::Clock;
use crate::store::{Dials, Store};

/// How often the store is asked: what is shown is never older than twice this, as long as the store answers.
pub const EVERY: Duration = Duration::from_secs(5);
/// An answer that takes longer is none.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The figures that were read last.
#[derive(Debug)]
pub struct LatestDials(Mutex<Latest>);

#[derive(Debug)]
struct Latest {
    /// `None`: none were read yet.
    dials: Option<Arc<Dials>>,
    /// When they were, or else when the server started.
    read_at: Instant,
}

impl Default for LatestDials {
    fn default() -> Self {
        Self(Mutex::new(Latest {
            dials: None,
            read_at: Instant::now(),
        }))
    }
}

impl LatestDials {
    /// The figures, and how old they are; without any, how long the server has been without.
    pub(super) fn show(&self) -> (Option<Arc<Dials>>, Duration) {
        let latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (latest.dials.clone(), latest.read_at.elapsed())
    }

    fn put(&self, dials: Dials, read_at: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Latest {
            dials: Some(Arc::new(dials)),
            read_at,
        };
    }

    /// Reads them every so often, until the server drains. What is already there stays where the store does not answer,
    /// and its age tells.
    pub async fn keep_reading(
        &self,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        every: Duration,
        mut draining: watch::Receiver<bool>,
    ) {
        let reading = async {
            let mut fails = false;
            loop {
                let error = self.read(&*store, &*clock).await;
                if let Some(error) = &error
                    && !fails
                {
                    tracing::warn!(error, "the figures of deadlines cannot be read");
                }
                fails = error.is_some();
                tokio::time::sleep(every).await;
            }
        };
        tokio::select! {
            () = reading => {}
            // An error means that the sender is gone, and the server with it.
            _ = draining.wait_for(|draining| *draining) => {}
        }
    }

    /// Reads them once, and says what went wrong.
    async fn read(&self, store: &dyn Store, clock: &dyn Clock) -> Option<String> {
        // As old as the question, not as the answer.
        let asked = Instant::now();
        match tokio::time::timeout(TIMEOUT, store.dials(clock.now())).await {
            Ok(Ok(dials)) => {
                self.put(dials, asked);
                None
            }
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("no answer in time".to_owned()),
        }
    }
}
