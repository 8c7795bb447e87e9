//! Who carries the write-ahead log over into the file? A thread beside the writer, so that commits do not wait for it.
//!
//! The thread carries over what is there, again and again until little is new. The writer then carries the rest over
//! itself, between two groups: with nothing left, its next commit begins the write-ahead log anew, which would otherwise
//! grow as long as commits come.
//!
//! `SQLite` syncs the file only when a pass carries over all there is. What earlier passes carried over it takes for done,
//! and writes it no more. Where that sync fails, the system keeps none of it for a later sync, which would succeed; the
//! log would begin anew, and what is in neither be lost. So after a sync that failed no more is carried over: the log keeps
//! everything, and is carried over from its beginning when the file is opened next.

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

/// As many bytes of events and cases, which make some 20 MiB of log, as are written before it is carried over. Less
/// carries the hot pages of the indexes over again and again; more gains little and makes a start after a crash read
/// longer.
const CARRY_BYTES: usize = 8 << 20;
/// So little of the log that carrying it over holds a commit up for some milliseconds only.
const LITTLE_PAGES: i64 = 128;
/// As many passes at the most: the last ones follow a writer that writes faster than the disk takes it.
const PASSES_MAX: usize = 6;

/// The thread, and what the writer knows of it.
pub(super) struct Checkpointer {
    /// `None`: ended.
    ask: Option<SyncSender<()>>,
    carried: Receiver<()>,
    carrying: bool,
    /// Written since the thread was asked last.
    bytes: usize,
    /// A sync has failed: no more is carried over.
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// Starts the thread on a connection of its own.
    pub(super) fn start(path: &Path) -> Result<Self, StoreError> {
        let connection = schema::connect_checkpointer(path)?;
        let (ask, asked) = sync_channel(1);
        let (tell, carried) = sync_channel(1);
        let ended = Arc::new(AtomicBool::new(false));
        let thread = std::thread::Builder::new()
            .name("store-carrier".to_owned())
            .spawn({
                let ended = Arc::clone(&ended);
                move || {
                    while asked.recv().is_ok() {
                        carry_most(&connection, &ended);
                        if tell.send(()).is_err() {
                            break;
                        }
                    }
                    // The writer closes the file after this.
                    let _ = connection.close();
                }
            })
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self {
            ask: Some(ask),
            carried,
            carrying: false,
            bytes: 0,
            ended,
            thread: Some(thread),
        })
    }

    /// Called by the writer between two groups, with what the last one wrote.
    pub(super) fn wrote(&mut self, connection: &Connection, bytes: usize) {
        self.bytes += bytes;
        if self.carrying {
            match self.carried.try_recv() {
                Err(TryRecvError::Empty) => return,
                Ok(()) => {
                    self.carrying = false;
                    // What fails has been reported.
                    let _ = pass(connection, &self.ended);
                }
                Err(TryRecvError::Disconnected) => self.carrying = false,
            }
        }
        if self.bytes < CARRY_BYTES {
            return;
        }
        self.bytes = 0;
        match &self.ask {
            Some(ask) if ask.try_send(()).is_ok() => self.carrying = true,
            // The thread is gone.
            Some(_) | None => {
                let _ = pass(connection, &self.ended);
            }
        }
    }

    /// Ends the thread, before the writer closes its own connection.
    pub(super) fn end(self, connection: &Connection) {
        let ended = Arc::clone(&self.ended);
        drop(self);
        if ended.load(Ordering::Relaxed) {
            keep_the_log(connection);
        }
    }
}

impl Drop for Checkpointer {
    /// Waits for the thread, so that its connection is closed before the writer's.
    fn drop(&mut self) {
        drop(self.ask.take());
        if let Some(thread) = self.thread.take() {
            // One that panicked has closed its connection all the same.
            let _ = thread.join();
        }
    }
}

fn carry_most(connection: &Connection, ended: &AtomicBool) {
    let mut before = 0;
    for _ in 0..PASSES_MAX {
        match pass(connection, ended) {
            Some(pages) if pages - before > LITTLE_PAGES => before = pages,
            Some(_) | None => break,
        }
    }
}

/// Carries over what no reader holds back, and gives the pages of the log; `None`: it failed, or is not done any more.
fn pass(connection: &Connection, ended: &AtomicBool) -> Option<i64> {
    if ended.load(Ordering::Relaxed) {
        keep_the_log(connection);
        return None;
    }
    let carried = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1));
    carried
        .inspect_err(|error| {
            if is_of_a_sync(error) {
                ended.store(true, Ordering::Relaxed);
                keep_the_log(connection);
            }
            report(error);
        })
        .ok()
}

fn is_of_a_sync(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| {
        [SQLITE_IOERR_FSYNC, SQLITE_IOERR_DIR_FSYNC].contains(&error.extended_code)
    })
}

/// Whoever closes the file last would carry the log over and remove it.
fn keep_the_log(connection: &Connection) {
    let kept = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    if let Err(error) = kept {
        report(&error);
    }
}

/// A log that is not carried over is still the record; what is wrong with the disk, commits will tell their callers.
fn report(error: &rusqlite::Error) {
    let told = code(error);
    if is_of_a_sync(error) {
        tracing::error!(
            error = %told,
            "a sync failed as the write-ahead log was carried over: it is kept and grows until the server is started again"
        );
    } else {
        tracing::warn!(error = %told, "the write-ahead log cannot be carried over");
    }
}
