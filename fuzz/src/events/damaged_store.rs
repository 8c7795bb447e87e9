//! A damaged store: `verify-log` must find every change to its contents.

use std::sync::{Arc, LazyLock};

use arbitrary::Unstructured;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use second_opinion::case::{Case, Digest};
use second_opinion::notice::Rendition;
use second_opinion::store::{
    Commit, CommitError, Committed, Head, LogEntry, OpenCases, Page, Record, Replay, ReplayKey,
    Store, StoreError, StoreMetrics, StoredNotice, StoredRendering, Worklist, verify_log,
};
use tokio::sync::watch;
use uuid::Uuid;

use super::super::cases::CaseHarness;
use super::super::support::{below, wait};

/// A read-only store with one case, in memory.
#[derive(Clone)]
struct DamagedStore {
    case: Case,
    records: Vec<Record>,
    entries: Vec<LogEntry>,
    letters: Vec<StoredNotice>,
    head: Head,
}

/// The store before any damage: a case that was denied late, with its events and letters.
static INTACT: LazyLock<DamagedStore> = LazyLock::new(|| {
    let store = DamagedStore::intact();
    assert!(store.is_clean(), "the intact store does not verify");
    store
});

/// Applies one change, chosen by the bytes, to the case, its events, their log entries or its letters, and verifies.
pub fn check(bytes: &mut Unstructured<'_>) {
    let mut store = INTACT.clone();
    store.apply_damage(bytes);
    if store.differs() {
        assert!(!store.is_clean(), "the change was not found");
    }
}

impl DamagedStore {
    fn intact() -> Self {
        let harness = CaseHarness::sample();
        let mut head = Head {
            position: 0,
            digest: Digest::ZERO,
            occurred_at: DateTime::UNIX_EPOCH,
        };
        for (record, entry) in harness.records.iter().zip(&harness.entries) {
            head = Head {
                position: record.position,
                digest: head.digest.roll(record.position, record.sha256),
                occurred_at: entry.occurred_at,
            };
        }
        let letters = harness.letters.into_iter().map(|made| StoredNotice {
            determination_id: harness.case.id,
            reference: made.reference,
            bytes: made.bytes,
        });
        Self {
            letters: letters.collect(),
            case: harness.case,
            records: harness.records,
            entries: harness.entries,
            head,
        }
    }

    fn apply_damage(&mut self, bytes: &mut Unstructured<'_>) {
        let index = below(bytes, self.records.len());
        let value = bytes.arbitrary::<u8>().unwrap_or_default();
        match below(bytes, 11) {
            0 => damage(&mut self.records[index].bytes, bytes),
            // An attacker who changes the bytes can also change the digest stored with them.
            1 => {
                damage(&mut self.records[index].bytes, bytes);
                self.records[index].sha256 = Digest::of(&self.records[index].bytes);
            }
            2 => self.records[index].sha256.0[usize::from(value) % 32] ^= 1 + value % 255,
            3 => self.records[index].version = value.into(),
            4 => self.records[index].position = value.into(),
            5 => self.records[index].determination_id = Uuid::from_u128(value.into()),
            6 => drop(self.records.remove(index)),
            // Swaps two records' bytes.
            7 => {
                let other_index = usize::from(value) % self.records.len();
                let other = self.records[other_index].clone();
                let record = &mut self.records[index];
                let bytes = std::mem::replace(&mut record.bytes, other.bytes);
                record.sha256 = other.sha256;
                self.records[other_index].sha256 = Digest::of(&bytes);
                self.records[other_index].bytes = bytes;
            }
            8 => self.entries[index].version = value.into(),
            9 => self
                .case
                .current
                .request
                .referral_number
                .push(char::from(value)),
            _ => {
                let letter = usize::from(value) % self.letters.len();
                damage(&mut self.letters[letter].bytes, bytes);
            }
        }
    }

    fn differs(&self) -> bool {
        let intact = &*INTACT;
        self.case != intact.case
            || self.records != intact.records
            || self.entries != intact.entries
            || self.letters != intact.letters
    }

    fn is_clean(&self) -> bool {
        let report = wait(verify_log(self));
        report.expect("a store that can be read").is_clean()
    }
}

/// Replaces, inserts or removes one byte.
pub(super) fn damage(stored: &mut Vec<u8>, bytes: &mut Unstructured<'_>) {
    let index = below(bytes, stored.len());
    let value = bytes.arbitrary().unwrap_or(b'0');
    match below(bytes, 3) {
        0 => stored[index] = value,
        1 => stored.insert(index, value),
        _ => drop(stored.remove(index)),
    }
}

/// The result of methods that no target calls.
fn not_supported<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable("only read".to_owned()))
}

#[async_trait]
impl Store for DamagedStore {
    async fn case(&self, id: Uuid) -> Result<Option<Arc<Case>>, StoreError> {
        Ok((id == self.case.id).then(|| Arc::new(self.case.clone())))
    }

    async fn history(&self, id: Uuid) -> Result<Vec<Record>, StoreError> {
        let own = self.records.iter().filter(|it| it.determination_id == id);
        Ok(own.cloned().collect())
    }

    async fn list(&self, _: &Worklist) -> Result<Page, StoreError> {
        Ok(Page {
            cases: vec![self.case.clone()],
            next: None,
        })
    }

    async fn log_after(&self, position: u64, limit: usize) -> Result<Vec<LogEntry>, StoreError> {
        let mut after: Vec<_> = self.entries.clone();
        after.retain(|entry| entry.position > position);
        after.sort_by_key(|entry| entry.position);
        after.truncate(limit);
        Ok(after)
    }

    async fn records_after(&self, position: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        let mut after: Vec<_> = self.records.clone();
        after.retain(|record| record.position > position);
        after.sort_by_key(|record| record.position);
        after.truncate(limit);
        Ok(after)
    }

    async fn head(&self) -> Result<Head, StoreError> {
        Ok(self.head)
    }

    async fn notice(&self, id: Uuid) -> Result<Option<StoredNotice>, StoreError> {
        let own = self.letters.iter().find(|it| it.reference.notice_id == id);
        Ok(own.cloned())
    }

    async fn replay(&self, _: &ReplayKey) -> Result<Option<Replay>, StoreError> {
        not_supported()
    }

    async fn to_sweep(&self, _: DateTime<Utc>, _: usize) -> Result<Vec<Uuid>, StoreError> {
        not_supported()
    }

    async fn open_cases(&self, _: DateTime<Utc>) -> Result<OpenCases, StoreError> {
        not_supported()
    }

    async fn commit(&self, _: Commit) -> Result<Committed, CommitError> {
        Err(CommitError::VersionConflict)
    }

    async fn rendering(
        &self,
        _: Uuid,
        _: &Rendition,
    ) -> Result<Option<StoredRendering>, StoreError> {
        not_supported()
    }

    async fn store_rendering(&self, _: StoredRendering) -> Result<StoredRendering, StoreError> {
        not_supported()
    }

    fn head_changes(&self) -> watch::Receiver<u64> {
        watch::channel(self.head.position).1
    }

    fn metrics(&self) -> StoreMetrics {
        StoreMetrics::default()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn close(&self) {}
}
