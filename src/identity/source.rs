//! The issuer's present keys, and their refresh.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};

use super::error::JwksLoadError;
use super::jwks::{Fetch, JwksLocation};
use super::keys::KeySet;

/// The period of the background refresh: a withdrawn key is refused within this time.
const REFRESH_INTERVAL: Duration = Duration::from_mins(5);

/// The minimum time between two fetches for unknown `kid`s: invented ones cost the issuer no more.
const UNKNOWN_KEY_INTERVAL_MIN: Duration = Duration::from_secs(10);

/// A key set and its number; the number changes exactly when the keys do.
pub(super) struct Generation {
    pub number: u64,
    pub keys: KeySet,
}

/// The start of the last fetch, on a monotonic clock. The holder of its lock is the one task that fetches.
type LastFetch = Option<Instant>;

struct Inner {
    location: String,
    /// `None` for keys that never change.
    fetch: Option<Box<dyn Fetch>>,
    present: ArcSwap<Generation>,
    last_fetch: Arc<Mutex<LastFetch>>,
    /// The end of the last successful fetch.
    fetched_at: ArcSwap<Instant>,
    unknown_key_interval_min: Duration,
}

/// The issuer's present keys. Clones share them.
#[derive(Clone)]
pub struct KeySource(Arc<Inner>);

/// A refresh that runs in the background until this is dropped.
#[must_use = "the refresh stops when this is dropped"]
pub struct RefreshTask(JoinHandle<()>);

impl Drop for RefreshTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl KeySource {
    /// Fetches the keys for the first time.
    ///
    /// # Errors
    ///
    /// When the location cannot be read, is not a JWKS, or has no key that can be used.
    pub async fn load(location: &JwksLocation) -> Result<Self, JwksLoadError> {
        let fetch = location.fetcher();
        let location = location.to_string();
        match fetch {
            Ok(fetch) => Self::open(location, fetch, UNKNOWN_KEY_INTERVAL_MIN).await,
            Err(cause) => Err(JwksLoadError { location, cause }),
        }
    }

    /// Keys that never change.
    #[must_use]
    pub fn fixed(keys: KeySet) -> Self {
        Self::new("fixed".to_owned(), None, keys, Duration::MAX)
    }

    pub(super) async fn open(
        location: String,
        fetch: Box<dyn Fetch>,
        unknown_key_interval_min: Duration,
    ) -> Result<Self, JwksLoadError> {
        let body = fetch.fetch().await;
        match body.and_then(|body| KeySet::parse(&body)) {
            Ok(keys) => Ok(Self::new(
                location,
                Some(fetch),
                keys,
                unknown_key_interval_min,
            )),
            Err(cause) => Err(JwksLoadError { location, cause }),
        }
    }

    fn new(
        location: String,
        fetch: Option<Box<dyn Fetch>>,
        keys: KeySet,
        unknown_key_interval_min: Duration,
    ) -> Self {
        report_ignored(&location, &keys);
        Self(Arc::new(Inner {
            location,
            fetch,
            present: ArcSwap::from_pointee(Generation { number: 0, keys }),
            last_fetch: Arc::default(),
            fetched_at: ArcSwap::from_pointee(Instant::now()),
            unknown_key_interval_min,
        }))
    }

    /// Fetches the keys every 5 minutes. A failure is logged, and the last good keys stay in use.
    pub fn refresh_in_background(&self) -> RefreshTask {
        self.refresh_every(REFRESH_INTERVAL)
    }

    pub(super) fn refresh_every(&self, period: Duration) -> RefreshTask {
        let source = self.clone();
        RefreshTask(tokio::spawn(async move {
            let mut ticks = tokio::time::interval_at(Instant::now() + period, period);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                let last_fetch = Arc::clone(&source.0.last_fetch).lock_owned().await;
                source.refresh(last_fetch).await;
            }
        }))
    }

    /// The time since the last successful fetch; `None` for keys that never change.
    pub(super) fn age(&self) -> Option<Duration> {
        self.0.fetch.as_ref()?;
        Some(self.0.fetched_at.load().elapsed())
    }

    pub(super) fn generation(&self) -> u64 {
        self.0.present.load().number
    }

    pub(super) fn present(&self) -> Arc<Generation> {
        self.0.present.load_full()
    }

    /// Fetches the keys because a token names one that generation `seen` does not have.
    ///
    /// Concurrent callers share one fetch, and there is none within the minimum interval after another.
    pub(super) async fn refresh_for_unknown_key(&self, seen: u64) {
        if self.0.fetch.is_none() {
            return;
        }
        let last_fetch = Arc::clone(&self.0.last_fetch).lock_owned().await;
        let is_recent =
            last_fetch.is_some_and(|last| last.elapsed() < self.0.unknown_key_interval_min);
        if is_recent || self.generation() != seen {
            return;
        }
        // A task of its own: a caller that disconnects must not cancel the fetch for the others.
        let source = self.clone();
        let refresh = tokio::spawn(async move { source.refresh(last_fetch).await });
        if let Err(error) = refresh.await {
            tracing::error!(jwks = %self.0.location, %error, "the refresh of the token keys panicked");
        }
    }

    async fn refresh(&self, mut last_fetch: OwnedMutexGuard<LastFetch>) {
        let Some(fetch) = &self.0.fetch else { return };
        *last_fetch = Some(Instant::now());
        let body = fetch.fetch().await;
        match body.and_then(|body| KeySet::parse(&body)) {
            Ok(keys) => {
                self.0.fetched_at.store(Arc::new(Instant::now()));
                self.replace(keys);
            }
            Err(error) => tracing::warn!(
                jwks = %self.0.location,
                %error,
                "the token keys could not be refreshed; the last good ones stay in use"
            ),
        }
    }

    /// Called by the holder of the lock on `last_fetch` alone, so numbers do not repeat.
    fn replace(&self, keys: KeySet) {
        let present = self.present();
        if present.keys == keys {
            return;
        }
        report_ignored(&self.0.location, &keys);
        let number = present.number + 1;
        self.0.present.store(Arc::new(Generation { number, keys }));
        tracing::info!(jwks = %self.0.location, "the token keys have changed");
    }
}

fn report_ignored(location: &str, keys: &KeySet) {
    for (position, reason) in &keys.ignored {
        if reason.is_suspicious() {
            tracing::warn!(jwks = %location, position, %reason, "a token key is ignored");
        } else {
            tracing::debug!(jwks = %location, position, %reason, "a token key is ignored");
        }
    }
}
