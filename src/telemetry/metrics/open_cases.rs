//! A cache of the open cases: one query every ten seconds, however often the metrics are read.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::clock::Clock;
use crate::store::{OpenCases, Store};

/// The interval between two queries. The query reads one index entry an open case.
pub const EVERY: Duration = Duration::from_secs(10);
/// Timeout of the query.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The open cases as they were read last.
#[derive(Debug)]
pub struct LatestOpenCases(Mutex<Latest>);

#[derive(Debug)]
struct Latest {
    /// `None`: none were read yet.
    open_cases: Option<Arc<OpenCases>>,
    /// When they were read, or else when the server started.
    read_at: Instant,
}

impl Default for LatestOpenCases {
    fn default() -> Self {
        Self(Mutex::new(Latest {
            open_cases: None,
            read_at: Instant::now(),
        }))
    }
}

impl LatestOpenCases {
    /// The open cases, and their age; before the first query, the age of the server.
    pub(super) fn get(&self) -> (Option<Arc<OpenCases>>, Duration) {
        let latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (latest.open_cases.clone(), latest.read_at.elapsed())
    }

    /// Reads them at an interval until the server drains. Where the store does not answer the old ones stay, and their
    /// age shows it.
    pub async fn keep_reading(
        &self,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        every: Duration,
        mut draining: watch::Receiver<bool>,
    ) {
        let reading = async {
            let mut failing = false;
            loop {
                let outcome = self.read(&*store, &*clock).await;
                if let Err(error) = &outcome
                    && !failing
                {
                    tracing::warn!(error, "the open cases cannot be counted");
                }
                failing = outcome.is_err();
                tokio::time::sleep(every).await;
            }
        };
        tokio::select! {
            () = reading => {}
            // An error means that the sender is gone, and the server with it.
            _ = draining.wait_for(|draining| *draining) => {}
        }
    }

    async fn read(&self, store: &dyn Store, clock: &dyn Clock) -> Result<(), String> {
        // The age counts from the query, not from its answer.
        let read_at = Instant::now();
        let open_cases = tokio::time::timeout(TIMEOUT, store.open_cases(clock.now()))
            .await
            .map_err(|_| "no answer in time".to_owned())?
            .map_err(|error| error.to_string())?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Latest {
            open_cases: Some(Arc::new(open_cases)),
            read_at,
        };
        Ok(())
    }
}
