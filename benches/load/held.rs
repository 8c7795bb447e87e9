//! What memory does a connection hold, and what a watch?

use std::time::Duration;

use second_opinion::wire::v1;
use second_opinion::wire::v1::second_opinion_service_client::SecondOpinionServiceClient;
use tonic::Request;

use crate::CONNECTIONS;
use crate::process::Program;

/// Connections that are opened, and watches.
const MANY: u32 = 1_000;
/// Long enough for what was begun to have settled.
const SETTLED: Duration = Duration::from_secs(1);

/// Resident memory in kilobytes.
pub struct Held {
    /// Before anything was opened.
    pub before: u64,
    /// A connection that has made one call.
    pub a_connection: f64,
    /// A watch that has had its first answer, of those that share 8 connections.
    pub a_watch: f64,
}

impl Held {
    /// Opens many of both, one after the other.
    pub async fn measured(server: &Program) -> Self {
        let before = server.resident_kilobytes();
        let mut connections = Vec::new();
        for _ in 0..MANY {
            let mut client = SecondOpinionServiceClient::new(server.channel().await);
            let mut request = Request::new(v1::ListDeterminationsRequest {
                page_size: 1,
                ..v1::ListDeterminationsRequest::default()
            });
            server.authorize(&mut request);
            client.list_determinations(request).await.expect("a page");
            connections.push(client);
        }
        tokio::time::sleep(SETTLED).await;
        let connected = server.resident_kilobytes();
        let mut watches = Vec::new();
        for at in (0..CONNECTIONS).cycle().take(MANY as usize) {
            let client = &mut connections[at];
            let mut request = Request::new(v1::WatchDeterminationsRequest::default());
            server.authorize(&mut request);
            let watch = client.watch_determinations(request).await;
            watches.push(watch.expect("a watch").into_inner());
        }
        tokio::time::sleep(SETTLED).await;
        let at_last = server.resident_kilobytes();
        Self {
            before,
            a_connection: each(before, connected),
            a_watch: each(connected, at_last),
        }
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "kilobytes are less than 52 bits"
)]
fn each(before: u64, after: u64) -> f64 {
    after.saturating_sub(before) as f64 / f64::from(MANY)
}
