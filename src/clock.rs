//! The server's clock, and one that tests set.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};

use crate::rules::instant::to_microsecond;

/// The source of the present instant.
pub trait Clock: Send + Sync + 'static {
    /// The present instant, UTC to the microsecond.
    fn now(&self) -> DateTime<Utc>;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        to_microsecond(Utc::now())
    }
}

/// A clock that stands still until it is set.
#[derive(Debug)]
pub struct ManualClock(Mutex<DateTime<Utc>>);

impl ManualClock {
    /// A clock that stands at an instant.
    #[must_use]
    pub fn at(instant: DateTime<Utc>) -> Self {
        Self(Mutex::new(to_microsecond(instant)))
    }

    /// Sets the clock, also backward, as the clock of a server can be set.
    pub fn set(&self, instant: DateTime<Utc>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = to_microsecond(instant);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
