//! Every event of every determination, in the log's one order.
//!
//! Nothing is kept for a watcher but its position: what comes next is read from the log when the watcher has room for
//! it, so a slow one holds neither memory nor commits.

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

/// A heartbeat comes after as much quiet.
const QUIET: Duration = Duration::from_secs(15);
/// As many entries as are read at a time.
const BATCH: usize = 256;

/// The stream that a watcher gets.
pub type Events = Pin<Box<dyn Stream<Item = Result<WatchDeterminationsResponse, Status>> + Send>>;

pub(super) async fn answer(
    calls: &Calls,
    request: Request<WatchDeterminationsRequest>,
) -> Result<Events, CallError> {
    Caller::with_scope(&request, Scope::Read)?;
    let head_changes = calls.store.head_changes();
    let head = calls.store.head().await?.position;
    let (position, greeting) = match parse::watch(request.get_ref()) {
        Cursor::Now => (head, true),
        Cursor::After(position) if position <= head => (position, false),
        Cursor::After(_) | Cursor::Unknown => return Err(CallError::CursorUnknown),
    };
    let connection = request.extensions().get::<Arc<Connection>>();
    let watcher = Watcher {
        store: Arc::clone(&calls.store),
        draining: calls.draining.clone(),
        // Without a connection there is none that could end.
        ending: connection.map_or_else(
            || calls.draining.clone(),
            |connection| connection.ending.clone(),
        ),
        head_changes,
        position,
        greeting,
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
    /// Whether the connection is to end.
    ending: watch::Receiver<bool>,
    head_changes: watch::Receiver<u64>,
    /// The last position that was handed out.
    position: u64,
    /// Whether the first message is still to be a heartbeat.
    greeting: bool,
    /// What was read of the log and not yet handed out.
    read: VecDeque<LogEntry>,
    _counted: OpenWatch,
}

impl Watcher {
    async fn next(&mut self) -> Result<WatchDeterminationsResponse, CallError> {
        if std::mem::take(&mut self.greeting) {
            return Ok(self.heartbeat());
        }
        let quiet = tokio::time::sleep(QUIET);
        tokio::pin!(quiet);
        loop {
            if *self.draining.borrow() || *self.ending.borrow() {
                return Err(CallError::Draining);
            }
            if self.read.is_empty() {
                // Marked before the log is read, so that what is committed in between wakes us.
                self.head_changes.mark_unchanged();
                self.read = self.store.log_after(self.position, BATCH).await?.into();
            }
            if let Some(entry) = self.read.pop_front() {
                self.position = entry.position;
                return Ok(WatchDeterminationsResponse {
                    cursor: self.position.to_string(),
                    event: Some(render::determination_event(&entry)),
                });
            }
            tokio::select! {
                // What has happened comes before a heartbeat, and nothing hangs on chance.
                biased;
                changed = self.head_changes.changed() => {
                    if changed.is_err() {
                        // The store is closed, which only a server that stops does.
                        return Err(CallError::Draining);
                    }
                }
                _ = self.draining.changed() => {}
                ending = self.ending.changed() => {
                    if ending.is_err() {
                        // No one is left to read the answer.
                        return Err(CallError::Draining);
                    }
                }
                () = &mut quiet => return Ok(self.heartbeat()),
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
