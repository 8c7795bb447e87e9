//! A clock with a fault.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use second_opinion::clock::Clock;

/// A clock that is a day behind another one.
pub struct LateClock(pub Arc<dyn Clock>);

impl Clock for LateClock {
    fn now(&self) -> DateTime<Utc> {
        self.0.now() - TimeDelta::days(1)
    }
}
