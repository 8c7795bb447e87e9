//! Which keys are good at present, and when are they fetched again?

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};

use super::fetch::{Fetch, fetcher};
use super::jwks::{JwksError, JwksLoadError, JwksSource};
use super::keys::KeySet;

/// A key that its issuer withdraws is refused within this time.
const REFRESH_EVERY: Duration = Duration::from_mins(5);

/// Made-up `kid`s cost the issuer one fetch in this time, however many there are.
const UNKNOWN_KEY_REFRESH_EVERY_MIN: Duration = Duration::from_secs(10);

/// A key set and its number; the number changes exactly when the keys do.
pub(super) struct Generation {
    pub number: u64,
    pub keys: KeySet,
}

/// When keys were last asked for, on a monotonic clock. Whoever holds the lock is the one that asks.
type LastAsked = Option<Instant>;

struct Inner {
    origin: String,
    /// `None` for keys that never change.
    fetch: Option<Box<dyn Fetch>>,
    present: ArcSwap<Generation>,
    asking: Arc<Mutex<LastAsked>>,
    /// When they were last fetched well.
    fetched: ArcSwap<Instant>,
    unknown_key_every_min: Duration,
}

/// The issuer's keys of the moment. Clones share them.
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
    /// Reads the source for the first time.
    ///
    /// # Errors
    ///
    /// If it cannot be read, is no JWKS, or has no key that can be used.
    pub async fn load(source: &JwksSource) -> Result<Self, JwksLoadError> {
        let origin = source.to_string();
        match fetcher(source) {
            Ok(fetch) => Self::open(origin, fetch, UNKNOWN_KEY_REFRESH_EVERY_MIN).await,
            Err(cause) => Err(JwksLoadError { origin, cause }),
        }
    }

    /// Keys that never change.
    #[must_use]
    pub fn fixed(keys: KeySet) -> Self {
        Self::new("fixed".to_owned(), None, keys, Duration::MAX)
    }

    pub(super) async fn open(
        origin: String,
        fetch: Box<dyn Fetch>,
        unknown_key_every_min: Duration,
    ) -> Result<Self, JwksLoadError> {
        let body = fetch.fetch().await;
        match body.and_then(|body| KeySet::parse(&body)) {
            Ok(keys) => Ok(Self::new(origin, Some(fetch), keys, unknown_key_every_min)),
            Err(cause) => Err(JwksLoadError { origin, cause }),
        }
    }

    fn new(
        origin: String,
        fetch: Option<Box<dyn Fetch>>,
        keys: KeySet,
        unknown_key_every_min: Duration,
    ) -> Self {
        report_ignored(&origin, &keys);
        Self(Arc::new(Inner {
            origin,
            fetch,
            present: ArcSwap::from_pointee(Generation { number: 0, keys }),
            asking: Arc::default(),
            fetched: ArcSwap::from_pointee(Instant::now()),
            unknown_key_every_min,
        }))
    }

    /// Fetches the keys every 5 minutes. What goes wrong is logged, and the last good keys stay.
    pub fn refresh_in_background(&self) -> RefreshTask {
        self.refresh_every(REFRESH_EVERY)
    }

    pub(super) fn refresh_every(&self, period: Duration) -> RefreshTask {
        let source = self.clone();
        RefreshTask(tokio::spawn(async move {
            let mut ticks = tokio::time::interval_at(Instant::now() + period, period);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                let asking = Arc::clone(&source.0.asking).lock_owned().await;
                source.refresh(asking).await;
            }
        }))
    }

    /// How long ago the keys were fetched well; `None` for keys that never change.
    pub(super) fn age(&self) -> Option<Duration> {
        self.0.fetch.as_ref()?;
        Some(self.0.fetched.load().elapsed())
    }

    pub(super) fn generation(&self) -> u64 {
        self.0.present.load().number
    }

    pub(super) fn present(&self) -> Arc<Generation> {
        self.0.present.load_full()
    }

    /// Fetches the keys because a token named one that generation `seen` does not have.
    ///
    /// Callers that come together share one fetch, and soon after a fetch there is none.
    pub(super) async fn refresh_for_unknown_key(&self, seen: u64) {
        if self.0.fetch.is_none() {
            return;
        }
        let asking = Arc::clone(&self.0.asking).lock_owned().await;
        let asked_just_now =
            asking.is_some_and(|last| last.elapsed() < self.0.unknown_key_every_min);
        if asked_just_now || self.generation() != seen {
            return;
        }
        // A task of its own: a caller that hangs up must not undo the fetch for the others.
        let source = self.clone();
        let fetched = tokio::spawn(async move { source.refresh(asking).await });
        if let Err(error) = fetched.await {
            tracing::error!(jwks = %self.0.origin, %error, "the refresh of the token keys broke off");
        }
    }

    async fn refresh(&self, mut asking: OwnedMutexGuard<LastAsked>) {
        let Some(fetch) = &self.0.fetch else { return };
        *asking = Some(Instant::now());
        let body = fetch.fetch().await;
        match body.and_then(|body| KeySet::parse(&body)) {
            Ok(keys) => {
                self.0.fetched.store(Arc::new(Instant::now()));
                self.replace(keys);
            }
            Err(error) => self.keep(&error),
        }
    }

    /// Only ever called by the holder of the lock on `asking`, so numbers do not repeat.
    fn replace(&self, keys: KeySet) {
        let present = self.present();
        if present.keys == keys {
            return;
        }
        report_ignored(&self.0.origin, &keys);
        let number = present.number + 1;
        self.0.present.store(Arc::new(Generation { number, keys }));
        tracing::info!(jwks = %self.0.origin, "the token keys have changed");
    }

    fn keep(&self, error: &JwksError) {
        tracing::warn!(
            jwks = %self.0.origin,
            %error,
            "the token keys could not be refreshed; the last good ones stay in use"
        );
    }
}

fn report_ignored(origin: &str, keys: &KeySet) {
    for (position, reason) in &keys.ignored {
        if reason.is_suspicious() {
            tracing::warn!(jwks = %origin, position, %reason, "a token key is ignored");
        } else {
            tracing::debug!(jwks = %origin, position, %reason, "a token key is ignored");
        }
    }
}
