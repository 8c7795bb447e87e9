//! Who says that another process has committed? A connection that listens, with a look at the log's head as a net.

use std::time::Duration;

use tokio::sync::watch;
use tokio_postgres::{Client, Error};

use super::session::Connector;

/// How often the head is looked at, whatever was heard. It also shows that the connection is there.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A look that takes longer has failed.
const LOOK_TIMEOUT: Duration = Duration::from_secs(5);
/// After a connection was lost the next is made no sooner.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Tells of the head where it has moved on: what is heard late never sets it back.
pub(super) fn tell(head: &watch::Sender<u64>, position: u64) {
    head.send_if_modified(|known| {
        let moved = position > *known;
        *known = position.max(*known);
        moved
    });
}

/// Listens for as long as it is let.
pub(super) async fn listen(connector: Connector, channel: String, head: watch::Sender<u64>) {
    loop {
        // Calls learn by themselves that the database is away, and health tells of it.
        if let Err(error) = until_lost(&connector, &channel, &head).await {
            tracing::debug!(%error, "the connection that listens was lost");
        }
        tokio::time::sleep(AGAIN_AFTER).await;
    }
}

async fn until_lost(
    connector: &Connector,
    channel: &str,
    head: &watch::Sender<u64>,
) -> Result<(), Error> {
    let told = head.clone();
    let notified = move |notification: &tokio_postgres::Notification| {
        if let Ok(position) = notification.payload().parse() {
            tell(&told, position);
        }
    };
    let (client, _carried) = connector.session(notified).await?;
    // The name is made of letters and digits alone.
    client.batch_execute(&format!("LISTEN {channel}")).await?;
    // The first look comes after the first word could be heard, so that nothing falls between.
    while let Ok(looked) = tokio::time::timeout(LOOK_TIMEOUT, look(&client)).await {
        if let Some(position) = looked? {
            tell(head, position);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}

async fn look(client: &Client) -> Result<Option<u64>, Error> {
    let row = client
        .query_typed_one("SELECT position FROM log_head", &[])
        .await?;
    Ok(u64::try_from(row.try_get::<_, i64>(0)?).ok())
}

/// The channel of the connection's schema: its name is not ours, so the channel is named by its digest.
pub(super) const CHANNEL_SQL: &str = "SELECT 'second_opinion_' || md5(current_schema()) AS channel WHERE current_schema() IS NOT NULL";
