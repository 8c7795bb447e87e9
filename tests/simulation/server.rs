//! A replica of the service. A crash leaves nothing of it but the database.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use second_opinion::clock::ManualClock;
use second_opinion::rpc::Calls;
use second_opinion::store::StoreError;
use second_opinion::sweeper::{Sweeper, Tally};
use tokio::sync::watch;

use crate::fault_injection::InjectedFault;
use crate::model::{ModelStore, SharedDatabase};
use crate::service;

/// A running replica.
pub struct Server {
    /// The store without an injected fault.
    pub store: Arc<ModelStore>,
    pub calls: Arc<Calls>,
    pub clock: Arc<ManualClock>,
    /// `None` while a sweep is under way.
    pub sweeper: Option<Sweeper>,
    _drain: watch::Sender<bool>,
}

impl Server {
    pub fn start(
        database: &SharedDatabase,
        now: DateTime<Utc>,
        fault: Option<InjectedFault>,
    ) -> Self {
        let store = Arc::new(ModelStore::new(database));
        let clock = Arc::new(ManualClock::at(now));
        let (drain, draining) = watch::channel(false);
        let port = InjectedFault::store(fault, Arc::clone(&store) as _);
        let mut calls = service::calls(port, &clock, draining);
        calls.policy = InjectedFault::policy(fault);
        Self {
            sweeper: Some(InjectedFault::sweeper(fault, &mut calls)),
            store,
            calls: Arc::new(calls),
            clock,
            _drain: drain,
        }
    }
}

/// The result of a sweep.
pub struct SweepResult {
    pub replica: usize,
    pub sweeper: Sweeper,
    pub result: Result<Tally, StoreError>,
}

pub async fn sweep(replica: usize, mut sweeper: Sweeper) -> SweepResult {
    let result = sweeper.round().await;
    SweepResult {
        replica,
        sweeper,
        result,
    }
}
