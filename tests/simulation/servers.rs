//! What is a replica made of, and what is left of it after a crash? Nothing but the database.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use second_opinion::clock::ManualClock;
use second_opinion::rpc::Calls;
use second_opinion::store::{Store, StoreError};
use second_opinion::sweeper::{Sweeper, Tally};
use tokio::sync::watch;

use crate::fault_injection::InjectedFault;
use crate::model::{Replica, Shared};
use crate::service;

/// A replica that runs.
pub struct Server {
    pub store: Arc<Replica>,
    pub calls: Arc<Calls>,
    pub clock: Arc<ManualClock>,
    /// `None`: it is sweeping.
    pub sweeper: Option<Sweeper>,
    _drain: watch::Sender<bool>,
}

impl Server {
    pub fn start(database: &Shared, now: DateTime<Utc>, fault: Option<InjectedFault>) -> Self {
        let store = Arc::new(Replica::of(database));
        let clock = Arc::new(ManualClock::at(now));
        let (drain, draining) = watch::channel(false);
        let seen: Arc<dyn Store> = Arc::clone(&store) as _;
        let seen = fault.map_or(Arc::clone(&seen), |fault| fault.wrap_store(seen));
        let mut calls = service::calls(seen, &clock, draining);
        let sweeper = match fault {
            None => service::sweeper(&calls),
            Some(fault) => {
                fault.change_policy(&mut calls);
                fault.sweeper(&mut calls)
            }
        };
        Self {
            sweeper: Some(sweeper),
            store,
            calls: Arc::new(calls),
            clock,
            _drain: drain,
        }
    }
}

/// A sweeper has come by.
pub struct Swept {
    pub replica: usize,
    pub sweeper: Sweeper,
    pub result: Result<Tally, StoreError>,
}

pub async fn sweep(replica: usize, mut sweeper: Sweeper) -> Swept {
    let result = sweeper.round().await;
    Swept {
        replica,
        sweeper,
        result,
    }
}
