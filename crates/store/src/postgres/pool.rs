//! Connection pools, and the outage that all of them report while the database cannot be reached.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use deadpool_postgres::{
    Manager, ManagerConfig, Object, PoolConfig, PoolError, RecyclingMethod, Runtime, TimeoutType,
    Timeouts,
};
use futures::future::BoxFuture;

use super::error::unreachable;
use super::session::Connector;
use crate::group_commit::{closed, lock};
use crate::{Connections, StoreError};

/// Timeout of making a connection, with every host tried.
const CREATE_TIMEOUT: Duration = Duration::from_secs(5);
/// Timeout of a read, or of storing a rendering. The server ends a read before that, where it can be reached.
const RUN_TIMEOUT: Duration = Duration::from_secs(20);
/// The time after a failed connection in which every call gets the same error at once, so that none waits in vain. The first
/// call after it tries again.
const OUTAGE_MEMORY: Duration = Duration::from_millis(500);

/// A pool of connections for one purpose.
pub struct Pool {
    pool: deadpool_postgres::Pool,
    outage: Arc<Outage>,
}

/// The last failure to make a connection, shared by every pool.
#[derive(Default)]
pub(super) struct Outage(Mutex<Option<(Instant, String)>>);

impl Outage {
    fn check(&self) -> Result<(), StoreError> {
        match &*lock(&self.0) {
            Some((since, reason)) if since.elapsed() < OUTAGE_MEMORY => {
                Err(StoreError::Unavailable(reason.clone()))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn begin(&self, reason: &str) {
        *lock(&self.0) = Some((Instant::now(), reason.to_owned()));
    }

    fn end(&self) {
        *lock(&self.0) = None;
    }
}

impl Pool {
    /// A pool of up to so many connections. Callers wait up to `wait` for one that others hold.
    pub(super) fn new(
        connector: Connector,
        connections: usize,
        wait: Duration,
        outage: Arc<Outage>,
    ) -> Result<Self, StoreError> {
        let config = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = Manager::from_connect(connector.config(), connector, config);
        let mut limits = PoolConfig::new(connections);
        limits.timeouts = Timeouts {
            wait: Some(wait),
            create: Some(CREATE_TIMEOUT),
            recycle: Some(CREATE_TIMEOUT),
        };
        let pool = deadpool_postgres::Pool::builder(manager)
            .config(limits)
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { pool, outage })
    }

    /// A connection.
    pub(super) async fn connection(&self) -> Result<Object, StoreError> {
        if self.pool.is_closed() {
            return Err(closed());
        }
        self.outage.check()?;
        let reason = match self.pool.get().await {
            Ok(connection) => {
                self.outage.end();
                return Ok(connection);
            }
            Err(PoolError::Closed) => return Err(closed()),
            Err(PoolError::Timeout(TimeoutType::Wait)) => {
                return Err(StoreError::Unavailable(
                    "every connection is in use".to_owned(),
                ));
            }
            Err(PoolError::Backend(error)) => unreachable(&error),
            Err(PoolError::Timeout(TimeoutType::Create | TimeoutType::Recycle)) => {
                "no connection was made in time".to_owned()
            }
            Err(PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_)) => {
                "no connection can be made".to_owned()
            }
        };
        self.outage.begin(&reason);
        Err(StoreError::Unavailable(reason))
    }

    /// Runs statements on a connection. One on which they failed or hang is not used again.
    pub(super) async fn run<T>(
        &self,
        run: impl for<'a> FnOnce(&'a Object) -> BoxFuture<'a, Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let connection = self.connection().await?;
        let result = match tokio::time::timeout(RUN_TIMEOUT, run(&connection)).await {
            Ok(result) => result,
            Err(_) => Err(StoreError::Unavailable("no answer came in time".to_owned())),
        };
        if let Err(StoreError::Unavailable(_)) = result {
            drop(Object::take(connection));
        }
        result
    }

    pub(super) fn connections(&self) -> Connections {
        let status = self.pool.status();
        let idle = status.available.min(status.size);
        Connections {
            idle,
            used: status.size - idle,
        }
    }

    pub(super) fn close(&self) {
        self.pool.close();
    }
}
