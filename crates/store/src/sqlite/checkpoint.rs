//! Checkpoints of the write-ahead log: a thread beside the writer, so that commits do not wait for them.
//!
//! The thread runs passive checkpoints until little of the log is new. The writer then runs the last one itself, between two
//! groups: with nothing left, its next commit starts the write-ahead log anew, which would otherwise grow as long as commits
//! come.
//!
//! `SQLite` syncs the file only when a pass completes the checkpoint. Pages of earlier passes it counts as done, and does not
//! write them again. If that sync fails, the system drops them from what a later sync would write: that one succeeds, the log
//! starts anew, and its commits are in neither file. So no checkpoint is run after a failed sync. The log keeps everything,
//! and is checkpointed from its beginning when the file is opened next.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::ffi::{SQLITE_IOERR_DIR_FSYNC, SQLITE_IOERR_FSYNC};

use super::query::code;
use super::schema;
use crate::StoreError;

/// The bytes of events and cases between two checkpoints, which make some 20 MiB of log. Fewer write the hot pages of the
/// indexes again and again; more gain little and make a start after a crash read longer.
const CHECKPOINT_BYTES: usize = 8 << 20;
/// The number of new pages that a checkpoint writes while it delays a commit by some milliseconds only.
const REST_PAGES_MAX: i64 = 128;
/// Maximum passes of the thread: the last ones follow a writer that is faster than the disk.
const PASSES_MAX: usize = 6;

/// The thread, as the writer sees it.
pub(super) struct Checkpointer {
    /// `None`: ended.
    requests: Option<SyncSender<()>>,
    done: Receiver<()>,
    running: bool,
    /// Written since the last request.
    bytes: usize,
    /// A sync has failed: no checkpoint is run any more.
    sync_failed: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// Starts the thread on a connection of its own.
    pub(super) fn start(path: &Path) -> Result<Self, StoreError> {
        let connection = schema::connect_checkpointer(path)?;
        let (requests, requested) = sync_channel(1);
        let (report, done) = sync_channel(1);
        let sync_failed = Arc::new(AtomicBool::new(false));
        let thread = std::thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn({
                let sync_failed = Arc::clone(&sync_failed);
                move || {
                    while requested.recv().is_ok() {
                        checkpoint_most(&connection, &sync_failed);
                        if report.send(()).is_err() {
                            break;
                        }
                    }
                    // The writer closes the file after this.
                    let _ = connection.close();
                }
            })
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self {
            requests: Some(requests),
            done,
            running: false,
            bytes: 0,
            sync_failed,
            thread: Some(thread),
        })
    }

    /// Called by the writer between two groups, with the bytes of the last one.
    pub(super) fn wrote(&mut self, connection: &Connection, bytes: usize) {
        self.bytes += bytes;
        if self.running {
            match self.done.try_recv() {
                Err(TryRecvError::Empty) => return,
                Ok(()) => {
                    self.running = false;
                    // A failure is logged.
                    let _ = pass(connection, &self.sync_failed);
                }
                Err(TryRecvError::Disconnected) => self.running = false,
            }
        }
        if self.bytes < CHECKPOINT_BYTES {
            return;
        }
        self.bytes = 0;
        match &self.requests {
            Some(requests) if requests.try_send(()).is_ok() => self.running = true,
            // The thread is gone.
            Some(_) | None => {
                let _ = pass(connection, &self.sync_failed);
            }
        }
    }

    /// Ends the thread, before the writer closes its own connection.
    pub(super) fn end(self, connection: &Connection) {
        let sync_failed = Arc::clone(&self.sync_failed);
        drop(self);
        if sync_failed.load(Ordering::Relaxed) {
            keep_the_log(connection);
        }
    }
}

impl Drop for Checkpointer {
    /// Waits for the thread, so that its connection is closed before the writer's.
    fn drop(&mut self) {
        drop(self.requests.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has closed its connection all the same.
            let _ = thread.join();
        }
    }
}

fn checkpoint_most(connection: &Connection, sync_failed: &AtomicBool) {
    let mut before = 0;
    for _ in 0..PASSES_MAX {
        match pass(connection, sync_failed) {
            Some(pages) if pages - before > REST_PAGES_MAX => before = pages,
            Some(_) | None => break,
        }
    }
}

/// Runs a passive checkpoint, and gives the pages of the log; `None`: it failed, or a sync did before.
fn pass(connection: &Connection, sync_failed: &AtomicBool) -> Option<i64> {
    if sync_failed.load(Ordering::Relaxed) {
        keep_the_log(connection);
        return None;
    }
    let pages = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1));
    pages
        .inspect_err(|error| {
            if is_of_a_sync(error) {
                sync_failed.store(true, Ordering::Relaxed);
                keep_the_log(connection);
            }
            log(error);
        })
        .ok()
}

fn is_of_a_sync(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| {
        [SQLITE_IOERR_FSYNC, SQLITE_IOERR_DIR_FSYNC].contains(&error.extended_code)
    })
}

/// Closing the last connection must not checkpoint and remove the log.
fn keep_the_log(connection: &Connection) {
    let kept = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    if let Err(error) = kept {
        log(&error);
    }
}

/// Without a checkpoint the log is still the record; if the disk is broken, commits fail too.
fn log(error: &rusqlite::Error) {
    let code = code(error);
    if is_of_a_sync(error) {
        tracing::error!(
            error = code,
            "a sync failed in a checkpoint: the write-ahead log is kept and grows until the server is restarted"
        );
    } else {
        tracing::warn!(error = code, "the write-ahead log cannot be checkpointed");
    }
}
