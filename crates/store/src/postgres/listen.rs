//! Notifications of other processes' commits: a connection that listens, and polls the log's head as a fallback.

use std::time::Duration;

use tokio::sync::watch;
use tokio_postgres::{Client, Error};

use super::session::Connector;

/// The interval of the poll. It also shows that the connection is alive.
const POLL_EVERY: Duration = Duration::from_secs(1);
/// Timeout of the poll.
const POLL_TIMEOUT: Duration = Duration::from_secs(5);
/// The pause after a lost connection.
const RECONNECT_AFTER: Duration = Duration::from_millis(500);

/// Publishes a position of the head unless a later one is known.
pub(super) fn publish(head: &watch::Sender<u64>, position: u64) {
    head.send_if_modified(|known| {
        let moved = position > *known;
        *known = position.max(*known);
        moved
    });
}

/// Listens until it is aborted.
pub(super) async fn listen(connector: Connector, channel: String, head: watch::Sender<u64>) {
    loop {
        // Calls fail by themselves, and health reports it.
        if let Err(error) = until_lost(&connector, &channel, &head).await {
            tracing::debug!(%error, "the connection that listens was lost");
        }
        tokio::time::sleep(RECONNECT_AFTER).await;
    }
}

async fn until_lost(
    connector: &Connector,
    channel: &str,
    head: &watch::Sender<u64>,
) -> Result<(), Error> {
    let sender = head.clone();
    let on_notification = move |notification: &tokio_postgres::Notification| {
        if let Ok(position) = notification.payload().parse() {
            publish(&sender, position);
        }
    };
    let (client, _task) = connector.session(on_notification).await?;
    // The name has letters and digits alone.
    client.batch_execute(&format!("LISTEN {channel}")).await?;
    // The first poll follows LISTEN, so that no commit falls between them.
    while let Ok(polled) = tokio::time::timeout(POLL_TIMEOUT, poll(&client)).await {
        if let Some(position) = polled? {
            publish(head, position);
        }
        tokio::time::sleep(POLL_EVERY).await;
    }
    Ok(())
}

async fn poll(client: &Client) -> Result<Option<u64>, Error> {
    let row = client
        .query_typed_one("SELECT position FROM log_head", &[])
        .await?;
    Ok(u64::try_from(row.try_get::<_, i64>(0)?).ok())
}

/// The channel of the connection's schema. A schema's name may hold any character, so the channel has its digest.
pub(super) const CHANNEL_SQL: &str = "SELECT 'second_opinion_' || md5(current_schema()) AS channel WHERE current_schema() IS NOT NULL";
