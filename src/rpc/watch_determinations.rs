//! `WatchDeterminations`: every event of every determination, in the order of the log.
//!
//! A watcher keeps its position alone: entries are read from the log when the watcher has room for them, so that a slow one
//! holds up neither memory nor commits.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::Stream;
use tokio::sync::watch;
use tonic::{Request, Status};

use super::{Caller, Calls};
use crate::call::Connection;
use crate::error::CallError;
use crate::identity::Scope;
use crate::store::{LogEntry, Store};
use crate::telemetry::metrics::OpenWatch;
use crate::wire::parse::{self, Cursor};
use crate::wire::render;
use crate::wire::v1::{WatchDeterminationsRequest, WatchDeterminationsResponse};

/// Time without an event after which a heartbeat is sent.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(15);
/// Number of entries that are read at a time.
const BATCH_ENTRIES: usize = 256;

/// The stream of a watcher.
pub type Events = Pin<Box<dyn Stream<Item = Result<WatchDeterminationsResponse, Status>> + Send>>;

pub(super) async fn handle(
    calls: &Calls,
    request: Request<WatchDeterminationsRequest>,
) -> Result<Events, CallError> {
    Caller::with_scope(&request, Scope::Read)?;
    let head_changes = calls.store.head_changes();
    let head = calls.store.head().await?.position;
    let (position, heartbeat_first) = match parse::watch(request.get_ref()) {
        Cursor::Now => (head, true),
        Cursor::After(position) if position <= head => (position, false),
        Cursor::After(_) | Cursor::Unknown => return Err(CallError::CursorUnknown),
    };
    let connection = request.extensions().get::<Arc<Connection>>();
    let watcher = Watcher {
        store: Arc::clone(&calls.store),
        draining: calls.draining.clone(),
        // Without a connection none can end.
        ending: connection.map_or_else(
            || calls.draining.clone(),
            |connection| connection.ending.clone(),
        ),
        head_changes,
        position,
        heartbeat_first,
        read: VecDeque::new(),
        _counted: calls.meters.open_watch(),
    };
    Ok(Box::pin(futures::stream::try_unfold(
        watcher,
        |mut watcher| async move {
            let message = watcher.next().await?;
            Ok(Some((message, watcher)))
        },
    )))
}

struct Watcher {
    store: Arc<dyn Store>,
    draining: watch::Receiver<bool>,
    /// Whether the connection drains.
    ending: watch::Receiver<bool>,
    head_changes: watch::Receiver<u64>,
    /// The position of the last entry that was sent.
    position: u64,
    /// Whether the next message is the heartbeat that opens a watch from now on.
    heartbeat_first: bool,
    /// The entries that were read and not yet sent.
    read: VecDeque<LogEntry>,
    _counted: OpenWatch,
}

impl Watcher {
    async fn next(&mut self) -> Result<WatchDeterminationsResponse, CallError> {
        if std::mem::take(&mut self.heartbeat_first) {
            return Ok(self.heartbeat());
        }
        let heartbeat = tokio::time::sleep(HEARTBEAT_INTERVAL);
        tokio::pin!(heartbeat);
        loop {
            if *self.draining.borrow() || *self.ending.borrow() {
                return Err(CallError::Draining);
            }
            if self.read.is_empty() {
                // Marked before the log is read, so that an entry committed meanwhile wakes the watcher.
                self.head_changes.mark_unchanged();
                self.read = self
                    .store
                    .log_after(self.position, BATCH_ENTRIES)
                    .await?
                    .into();
            }
            if let Some(entry) = self.read.pop_front() {
                self.position = entry.position;
                return Ok(WatchDeterminationsResponse {
                    cursor: self.position.to_string(),
                    event: Some(render::determination_event(&entry)),
                });
            }
            tokio::select! {
                // An event comes before a heartbeat, and the order is deterministic.
                biased;
                changed = self.head_changes.changed() => {
                    if changed.is_err() {
                        // The store is closed, so the server is stopping.
                        return Err(CallError::Draining);
                    }
                }
                _ = self.draining.changed() => {}
                ending = self.ending.changed() => {
                    if ending.is_err() {
                        // The connection is gone.
                        return Err(CallError::Draining);
                    }
                }
                () = &mut heartbeat => return Ok(self.heartbeat()),
            }
        }
    }

    fn heartbeat(&self) -> WatchDeterminationsResponse {
        WatchDeterminationsResponse {
            cursor: self.position.to_string(),
            event: None,
        }
    }
}
