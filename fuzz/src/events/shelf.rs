//! Is every change to what a store holds found when the log is proved?

use std::sync::{Arc, LazyLock};

use arbitrary::Unstructured;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use second_opinion::case::{Case, Digest};
use second_opinion::notice::Rendition;
use second_opinion::store::{
    Commit, CommitError, Committed, Dials, Head, LogEntry, Meters, Page, Record, Replay, ReplayKey,
    Store, StoreError, StoredNotice, StoredRendering, Worklist, verify_log,
};
use tokio::sync::watch;
use uuid::Uuid;

use super::super::cases::Desk;
use super::super::support::{below, wait};

/// A store that holds one case and is only read.
#[derive(Clone)]
struct Shelf {
    case: Case,
    records: Vec<Record>,
    entries: Vec<LogEntry>,
    letters: Vec<StoredNotice>,
    head: Head,
}

/// A case that was denied late, with every kind of event on its way, and its letters.
static SOUND: LazyLock<Shelf> = LazyLock::new(|| {
    let shelf = Shelf::sound();
    assert!(shelf.is_clean(), "what was not changed is found wanting");
    shelf
});

/// The bytes choose one change to the case, its events, their entries in the log or its letters.
pub fn damaged(bytes: &mut Unstructured<'_>) {
    let mut shelf = SOUND.clone();
    shelf.spoil(bytes);
    if shelf.differs() {
        assert!(!shelf.is_clean(), "a change was not found");
    }
}

impl Shelf {
    fn sound() -> Self {
        let desk = Desk::sample();
        let mut head = Head {
            position: 0,
            digest: Digest::ZERO,
            occurred_at: DateTime::UNIX_EPOCH,
        };
        for (record, entry) in desk.records.iter().zip(&desk.entries) {
            head = Head {
                position: record.position,
                digest: head.digest.roll(record.position, record.sha256),
                occurred_at: entry.occurred_at,
            };
        }
        let letters = desk.letters.into_iter().map(|made| StoredNotice {
            determination_id: desk.case.id,
            reference: made.reference,
            bytes: made.bytes,
        });
        Self {
            letters: letters.collect(),
            case: desk.case,
            records: desk.records,
            entries: desk.entries,
            head,
        }
    }

    fn spoil(&mut self, bytes: &mut Unstructured<'_>) {
        let at = below(bytes, self.records.len());
        let with = bytes.arbitrary::<u8>().unwrap_or_default();
        match below(bytes, 11) {
            0 => spoilt(&mut self.records[at].bytes, bytes),
            // Whoever can change the bytes can change the digest beside them.
            1 => {
                spoilt(&mut self.records[at].bytes, bytes);
                self.records[at].sha256 = Digest::of(&self.records[at].bytes);
            }
            2 => self.records[at].sha256.0[usize::from(with) % 32] ^= 1 + with % 255,
            3 => self.records[at].version = with.into(),
            4 => self.records[at].position = with.into(),
            5 => self.records[at].determination_id = Uuid::from_u128(with.into()),
            6 => drop(self.records.remove(at)),
            7 => {
                let other = usize::from(with) % self.records.len();
                let taken = self.records[other].clone();
                let one = &mut self.records[at];
                let bytes = std::mem::replace(&mut one.bytes, taken.bytes);
                one.sha256 = taken.sha256;
                self.records[other].sha256 = Digest::of(&bytes);
                self.records[other].bytes = bytes;
            }
            8 => self.entries[at].version = with.into(),
            9 => self
                .case
                .current
                .request
                .referral_number
                .push(char::from(with)),
            _ => {
                let letter = usize::from(with) % self.letters.len();
                spoilt(&mut self.letters[letter].bytes, bytes);
            }
        }
    }

    fn differs(&self) -> bool {
        let sound = &*SOUND;
        self.case != sound.case
            || self.records != sound.records
            || self.entries != sound.entries
            || self.letters != sound.letters
    }

    fn is_clean(&self) -> bool {
        let report = wait(verify_log(self));
        report.expect("a store that can be read").is_clean()
    }
}

/// One byte is another, or there is one more or one fewer.
pub(super) fn spoilt(stored: &mut Vec<u8>, bytes: &mut Unstructured<'_>) {
    let at = below(bytes, stored.len());
    let with = bytes.arbitrary().unwrap_or(b'0');
    match below(bytes, 3) {
        0 => stored[at] = with,
        1 => stored.insert(at, with),
        _ => drop(stored.remove(at)),
    }
}

/// No target asks for it.
fn not_asked<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable("only read".to_owned()))
}

#[async_trait]
impl Store for Shelf {
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
        not_asked()
    }

    async fn to_sweep(&self, _: DateTime<Utc>, _: usize) -> Result<Vec<Uuid>, StoreError> {
        not_asked()
    }

    async fn dials(&self, _: DateTime<Utc>) -> Result<Dials, StoreError> {
        not_asked()
    }

    async fn commit(&self, _: Commit) -> Result<Committed, CommitError> {
        Err(CommitError::VersionConflict)
    }

    async fn rendering(
        &self,
        _: Uuid,
        _: &Rendition,
    ) -> Result<Option<StoredRendering>, StoreError> {
        not_asked()
    }

    async fn store_rendering(&self, _: StoredRendering) -> Result<StoredRendering, StoreError> {
        not_asked()
    }

    fn head_changes(&self) -> watch::Receiver<u64> {
        watch::channel(self.head.position).1
    }

    fn meters(&self) -> Meters {
        Meters::default()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn close(&self) {}
}
