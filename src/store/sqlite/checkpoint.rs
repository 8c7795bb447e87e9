//! Who carries the write-ahead log over into the file? A thread beside the writer, so that commits do not wait for it.
//!
//! The thread carries over what is there, again and again until little is new. The writer then carries the rest over
//! itself, between two groups: with nothing left, its next commit begins the write-ahead log anew, which would otherwise
//! grow as long as commits come.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;

use super::rows::unavailable;
use super::schema;
use crate::store::StoreError;

/// As many bytes of events and cases, which make some 20 MiB of log, as are written before it is carried over. Less
/// carries the hot pages of the indexes over again and again; more gains little and makes a start after a crash read
/// longer.
const CARRY_BYTES: usize = 8 << 20;
/// So little of the log that carrying it over holds a commit up for some milliseconds only.
const LITTLE_PAGES: i64 = 128;
/// As many passes at the most: the last ones follow a writer that writes faster than the disk takes it.
const PASSES_MAX: usize = 6;

/// The thread, and what the writer knows of it.
pub(super) struct Checkpoints {
    /// `None`: ended.
    ask: Option<SyncSender<()>>,
    carried: Receiver<()>,
    carrying: bool,
    /// Written since the thread was asked last.
    bytes: usize,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// Starts the thread on a connection of its own.
    pub(super) fn start(path: &Path) -> Result<Self, StoreError> {
        let connection = schema::connect_checkpointer(path)?;
        let (ask, asked) = sync_channel(1);
        let (tell, carried) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("store-carrier".to_owned())
            .spawn(move || {
                while asked.recv().is_ok() {
                    carry_most(&connection);
                    if tell.send(()).is_err() {
                        break;
                    }
                }
                // The writer closes the file after this.
                let _ = connection.close();
            })
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self {
            ask: Some(ask),
            carried,
            carrying: false,
            bytes: 0,
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
                    if let Err(error) = pass(connection) {
                        report(&error);
                    }
                }
                // The thread is gone: SQLite's own limit on the log carries it over.
                Err(TryRecvError::Disconnected) => self.carrying = false,
            }
        }
        if self.bytes >= CARRY_BYTES
            && let Some(ask) = &self.ask
            && ask.try_send(()).is_ok()
        {
            self.bytes = 0;
            self.carrying = true;
        }
    }
}

impl Drop for Checkpoints {
    /// Waits for the thread, so that its connection is closed before the writer's.
    fn drop(&mut self) {
        drop(self.ask.take());
        if let Some(thread) = self.thread.take() {
            // One that panicked has closed its connection all the same.
            let _ = thread.join();
        }
    }
}

fn carry_most(connection: &Connection) {
    let mut before = 0;
    for _ in 0..PASSES_MAX {
        match pass(connection) {
            Ok(pages) if pages - before > LITTLE_PAGES => before = pages,
            Ok(_) => break,
            Err(error) => return report(&error),
        }
    }
}

/// Carries over what no reader holds back, and gives the pages of the log.
fn pass(connection: &Connection) -> Result<i64, StoreError> {
    connection
        .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1))
        .map_err(|error| unavailable(&error))
}

/// A log that is not carried over is still the record; what is wrong with the disk, commits will tell their callers.
fn report(error: &StoreError) {
    tracing::warn!(%error, "the write-ahead log cannot be carried over");
}
