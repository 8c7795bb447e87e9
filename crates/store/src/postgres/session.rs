//! How is a connection made, and what holds on it whatever the server's defaults are?

use std::future::{Future, poll_fn};
use std::pin::Pin;

use deadpool_postgres::Connect;
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Client, Config, Error, Notification};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::Address;
use super::tls;
use crate::StoreError;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Reads, and waits for what others commit.
    Reading,
    /// Writes groups of commits.
    Writing,
    /// Changes the schema.
    Migrating,
    /// Writes what another store holds.
    Copying,
}

impl Purpose {
    /// What is set, for as long as the connection lasts.
    ///
    /// A writer's statements have no time limit of the server's: one that ran out while a commit waits for its standby
    /// would end the wait and report the commit as made. The writer has a limit of its own, after which it hangs up.
    ///
    /// Plans are made anew for the values at hand: one that is kept was made for the table's size at that time, and a
    /// server that starts on an empty table would scan it for ever. Indexes are read at what they cost on today's disks.
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

    pub(super) fn config(&self) -> Config {
        self.config.clone()
    }

    /// Connects, and hears of notifications. The task that carries the connection ends with the client.
    pub(super) async fn session(
        &self,
        mut heard: impl FnMut(&Notification) + Send + 'static,
    ) -> Result<(Client, JoinHandle<()>), Error> {
        let (client, mut connection) = self.config.connect(self.tls.clone()).await?;
        let carried = tokio::spawn(async move {
            // Why a connection ended its user learns from the statement that failed.
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await
            {
                if let AsyncMessage::Notification(notification) = message {
                    heard(&notification);
                }
            }
        });
        client.batch_execute(self.purpose.settings()).await?;
        Ok((client, carried))
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
