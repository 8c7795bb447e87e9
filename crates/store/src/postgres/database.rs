//! Who gets a connection, for how long, and what is everyone told while the database is away?

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::{
    GenericClient, Manager, ManagerConfig, Object, Pool, PoolConfig, PoolError, RecyclingMethod,
    Runtime, TimeoutType, Timeouts,
};
use futures::future::BoxFuture;

use super::error::{closed, unavailable, unreachable};
use super::session::Connector;
use crate::{Connections, StoreError};

/// How long one waits for a connection that others hold.
const WAIT: Duration = Duration::from_secs(2);
/// How long a connection may take to be made, with every host asked.
const CREATE: Duration = Duration::from_secs(5);
/// How long a read may take. The server ends a statement before that; where it cannot be reached it does not.
const READ: Duration = Duration::from_secs(20);
/// After a connection could not be made, everyone is told so at once for as long: no call waits where none is served,
/// and the first one after it tries again.
const AWAY: Duration = Duration::from_millis(500);

/// Connections of one kind.
pub(super) struct Database {
    pool: Pool,
    outage: Arc<Outage>,
}

/// Whether the database was away of late, for every kind of connection.
#[derive(Default)]
pub(super) struct Outage(Mutex<Option<(Instant, String)>>);

impl Outage {
    fn check(&self) -> Result<(), StoreError> {
        match &*self.held() {
            Some((since, reason)) if since.elapsed() < AWAY => {
                Err(StoreError::Unavailable(reason.clone()))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn began(&self, reason: &str) {
        *self.held() = Some((Instant::now(), reason.to_owned()));
    }

    fn ended(&self) {
        *self.held() = None;
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<(Instant, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Database {
    pub(super) fn new(
        connector: Connector,
        connections: usize,
        outage: Arc<Outage>,
    ) -> Result<Self, StoreError> {
        let config = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = Manager::from_connect(connector.config(), connector, config);
        let mut limits = PoolConfig::new(connections);
        limits.timeouts = Timeouts {
            wait: Some(WAIT),
            create: Some(CREATE),
            recycle: Some(CREATE),
        };
        let pool = Pool::builder(manager)
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
                self.outage.ended();
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
        self.outage.began(&reason);
        Err(StoreError::Unavailable(reason))
    }

    /// Reads on a connection. One on which a read failed or hangs is not used again.
    pub(super) async fn read<T>(
        &self,
        read: impl for<'a> FnOnce(&'a mut Object) -> BoxFuture<'a, Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let mut connection = self.connection().await?;
        let result = match tokio::time::timeout(READ, read(&mut connection)).await {
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

/// One statement's rows.
pub(super) async fn rows(
    client: &impl GenericClient,
    sql: &str,
    given: &[&(dyn tokio_postgres::types::ToSql + Sync)],
) -> Result<Vec<tokio_postgres::Row>, StoreError> {
    let statement = client
        .prepare_cached(sql)
        .await
        .map_err(|error| unavailable(&error))?;
    client
        .query(&statement, given)
        .await
        .map_err(|error| unavailable(&error))
}
