//! Memory use of a connection and of a watch.

use std::time::Duration;

use second_opinion::wire::v1;
use second_opinion::wire::v1::second_opinion_service_client::SecondOpinionServiceClient;
use tonic::Request;

use crate::CONNECTIONS;
use crate::process::ServerProcess;

/// Number of connections, and of watches.
const COUNT: u32 = 1_000;
/// Time for the server to settle before its memory is read.
const SETTLE_TIME: Duration = Duration::from_secs(1);

/// Resident memory in kilobytes.
pub struct ConnectionMemory {
    /// Before any connection is opened.
    pub before: u64,
    /// Per connection that has made one call.
    pub per_connection: f64,
    /// Per watch that has received its first response; the watches share 8 connections.
    pub per_watch: f64,
}

impl ConnectionMemory {
    /// Opens the connections and then the watches.
    pub async fn measure(server: &ServerProcess) -> Self {
        let before = server.resident_kilobytes();
        let mut connections = Vec::new();
        for _ in 0..COUNT {
            let mut client = SecondOpinionServiceClient::new(server.channel().await);
            let mut request = Request::new(v1::ListDeterminationsRequest {
                page_size: 1,
                ..v1::ListDeterminationsRequest::default()
            });
            server.authorize(&mut request);
            client.list_determinations(request).await.expect("a page");
            connections.push(client);
        }
        tokio::time::sleep(SETTLE_TIME).await;
        let connected = server.resident_kilobytes();
        let mut watches = Vec::new();
        for nth in (0..CONNECTIONS).cycle().take(COUNT as usize) {
            let client = &mut connections[nth];
            let mut request = Request::new(v1::WatchDeterminationsRequest::default());
            server.authorize(&mut request);
            let watch = client.watch_determinations(request).await;
            watches.push(watch.expect("a watch").into_inner());
        }
        tokio::time::sleep(SETTLE_TIME).await;
        let watching = server.resident_kilobytes();
        Self {
            before,
            per_connection: increase_each(before, connected),
            per_watch: increase_each(connected, watching),
        }
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "kilobytes are less than 52 bits"
)]
fn increase_each(before: u64, after: u64) -> f64 {
    after.saturating_sub(before) as f64 / f64::from(COUNT)
}
