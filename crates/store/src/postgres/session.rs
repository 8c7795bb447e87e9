//! Connections to the database, with the settings that hold whatever the server's defaults are.

use std::future::{Future, poll_fn};
use std::pin::Pin;

use deadpool_postgres::Connect;
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Client, Config, Error, Notification};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::Address;
use super::error::unreachable;
use super::tls;
use crate::StoreError;

/// The purpose of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Reads, and listens for commits.
    Reading,
    /// Writes groups of commits.
    Writing,
    /// Changes the schema.
    Migrating,
    /// Writes the rows of another store.
    Copying,
}

impl Purpose {
    /// The settings of a connection.
    ///
    /// A writer has no statement timeout: one that expired while a commit waits for its standby would end the wait and
    /// report the commit as made. The writer has a timeout of its own, after which it closes the connection.
    ///
    /// Plans are made for each query's values: a cached plan is for the table's size at its time, and a server that starts
    /// on an empty table would scan it for ever. `random_page_cost` is that of today's disks.
    pub(super) const fn settings(self) -> &'static str {
        match self {
            Self::Reading => {
                "SET default_transaction_read_only = on; SET statement_timeout = '15s'; SET lock_timeout = '5s';
                 SET idle_in_transaction_session_timeout = '10s';
                 SET plan_cache_mode = force_custom_plan; SET random_page_cost = 1.1; SET jit = off;"
            }
            Self::Writing => {
                "SET statement_timeout = 0; SET lock_timeout = '5s';
                 SET idle_in_transaction_session_timeout = '10s';
                 SET plan_cache_mode = force_custom_plan; SET random_page_cost = 1.1; SET jit = off;
                 SET default_transaction_isolation = 'read committed';
                 SELECT set_config('synchronous_commit', 'on', false)
                     WHERE current_setting('synchronous_commit') <> 'remote_apply';"
            }
            Self::Migrating | Self::Copying => {
                "SET statement_timeout = 0; SET lock_timeout = '10s';
                 SET idle_in_transaction_session_timeout = 0;
                 SELECT set_config('synchronous_commit', 'on', false)
                     WHERE current_setting('synchronous_commit') <> 'remote_apply';"
            }
        }
    }
}

/// Makes connections.
#[derive(Clone)]
pub(super) struct Connector {
    config: Config,
    tls: MakeRustlsConnect,
    purpose: Purpose,
}

impl Connector {
    pub(super) fn new(address: &Address, purpose: Purpose) -> Result<Self, StoreError> {
        Ok(Self {
            config: address.config.clone(),
            tls: tls::connector(&address.tls)?,
            purpose,
        })
    }

    /// Connects for a command, which reports why it could not.
    pub(super) async fn client(&self) -> Result<Client, StoreError> {
        match self.session(|_| {}).await {
            Ok((client, _)) => Ok(client),
            Err(error) => Err(StoreError::Unavailable(unreachable(&error))),
        }
    }

    pub(super) fn config(&self) -> Config {
        self.config.clone()
    }

    /// Connects, and passes notifications on. The connection's task ends with the client.
    pub(super) async fn session(
        &self,
        mut on_notification: impl FnMut(&Notification) + Send + 'static,
    ) -> Result<(Client, JoinHandle<()>), Error> {
        let (client, mut connection) = self.config.connect(self.tls.clone()).await?;
        let task = tokio::spawn(async move {
            // The reason why a connection ended is in the error of the statement that failed.
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await
            {
                if let AsyncMessage::Notification(notification) = message {
                    on_notification(&notification);
                }
            }
        });
        client.batch_execute(self.purpose.settings()).await?;
        Ok((client, task))
    }
}

impl Connect for Connector {
    fn connect(
        &self,
        _: &Config,
    ) -> Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), Error>> + Send + '_>> {
        Box::pin(self.session(|_| {}))
    }
}
