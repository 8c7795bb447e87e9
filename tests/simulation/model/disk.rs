//! What does the database hold, and when is a commit refused?
//!
//! Written a second time, apart from the stores of the service, and in the plainest way.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use second_opinion::case::{Case, Digest, SealedEvent};
use second_opinion::store::{
    CaseColumns, Commit, CommitError, Committed, Head, LogEntry, Page, Place, Record, Replay,
    ReplayKey, StoreError, StoredNotice, Worklist, decode_file,
};
use uuid::Uuid;

/// Everything that a commit writes. Cheap to copy: what was written is shared.
#[derive(Clone)]
pub struct Disk {
    pub log: BTreeMap<u64, Arc<Entry>>,
    pub cases: BTreeMap<Uuid, Arc<Row>>,
    pub notices: BTreeMap<Uuid, Arc<StoredNotice>>,
    pub head: Head,
    replays: BTreeMap<(String, Uuid), Replay>,
}

pub struct Entry {
    pub record: Record,
    pub shown: LogEntry,
}

pub struct Row {
    pub case: Case,
    pub columns: CaseColumns,
    opened_at: u64,
}

impl Row {
    fn place(&self) -> Place {
        let first_due = self.columns.first_due;
        Place {
            first_due_us: first_due.map_or(i64::MAX, |due| due.timestamp_micros()),
            opened_at: self.opened_at,
        }
    }
}

impl Disk {
    pub fn empty() -> Self {
        Self {
            log: BTreeMap::new(),
            cases: BTreeMap::new(),
            notices: BTreeMap::new(),
            head: Head {
                position: 0,
                digest: Digest::ZERO,
                occurred_at: DateTime::UNIX_EPOCH,
            },
            replays: BTreeMap::new(),
        }
    }

    pub fn replay(&self, key: &ReplayKey) -> Option<Replay> {
        let key = (key.caller.clone(), key.request_id);
        self.replays.get(&key).copied()
    }

    /// Refuses a commit whose request was made before, or whose case is at another version.
    pub fn check(&self, commit: &Commit) -> Result<(), CommitError> {
        if let Some((key, _)) = &commit.replay
            && let Some(replay) = self.replay(key)
        {
            return Err(CommitError::Replayed(replay));
        }
        let held = self.cases.get(&commit.event.header.determination_id);
        if follows(held.map(|row| &**row), commit) {
            Ok(())
        } else {
            Err(CommitError::VersionConflict)
        }
    }

    /// Writes a commit at a position behind all others.
    pub fn write(&mut self, commit: &Commit, position: u64) -> Result<Committed, StoreError> {
        let id = commit.event.header.determination_id;
        let held = self.cases.get(&id).map(Arc::clone);
        let event = commit.event.clone().not_before(self.head.occurred_at);
        let event = event.map_err(|_| StoreError::damaged(id, "an event that is no JSON"))?;
        self.head = Head {
            position: position.max(self.head.position),
            digest: self.head.digest.roll(position, event.sha256),
            occurred_at: event.header.occurred_at,
        };
        self.log
            .insert(position, Arc::new(entry(commit, &event, position)));
        let row = row(held.as_deref(), commit, &event, position)?;
        self.cases.insert(id, Arc::new(row));
        for letter in &commit.letters {
            self.notices
                .insert(letter.reference.notice_id, Arc::new(letter.clone()));
        }
        if let Some((key, content)) = &commit.replay {
            let replay = Replay {
                content: *content,
                determination_id: id,
                version: event.header.version,
            };
            self.replays
                .insert((key.caller.clone(), key.request_id), replay);
        }
        Ok(Committed { event, position })
    }

    pub fn history(&self, id: Uuid) -> Vec<Record> {
        let of_case = self.log.values().map(|entry| &entry.record);
        let of_case = of_case.filter(|record| record.determination_id == id);
        of_case.cloned().collect()
    }

    pub fn after(&self, position: u64, limit: usize) -> impl Iterator<Item = &Entry> {
        let after = self.log.range(position.saturating_add(1)..);
        after.take(limit).map(|(_, entry)| &**entry)
    }

    pub fn list(&self, query: &Worklist) -> Page {
        let wanted = |row: &&Arc<Row>| {
            let columns = &row.columns;
            let before = |bound| columns.due_at.is_some_and(|due| due < bound);
            let tar = &columns.treatment_authorization_number;
            (query.states.is_empty() || query.states.contains(&columns.state))
                && query.due_before.is_none_or(before)
                && is_or_any(query.member_id.as_ref(), &columns.member_id)
                && is_or_any(query.referral_number.as_ref(), &columns.referral_number)
                && is_or_any(query.treatment_authorization_number.as_ref(), tar)
                && query.after.is_none_or(|after| row.place() > after)
        };
        let mut rows: Vec<&Arc<Row>> = self.cases.values().filter(wanted).collect();
        rows.sort_by_key(|row| row.place());
        let more = rows.len() > query.limit;
        rows.truncate(query.limit);
        Page {
            cases: rows.iter().map(|row| row.case.clone()).collect(),
            next: rows.last().map(|row| row.place()).filter(|_| more),
        }
    }

    pub fn to_sweep(&self, as_of: DateTime<Utc>, limit: usize) -> Vec<Uuid> {
        let come = |row: &Arc<Row>| row.columns.sweep_at.filter(|at| *at <= as_of);
        let mut owed: Vec<_> = self
            .cases
            .iter()
            .filter_map(|(id, row)| Some((come(row)?, row.opened_at, *id)))
            .collect();
        owed.sort_unstable();
        owed.into_iter().take(limit).map(|(.., id)| id).collect()
    }
}

fn is_or_any<T: PartialEq>(wanted: Option<&T>, held: &T) -> bool {
    wanted.is_none_or(|wanted| wanted == held)
}

fn follows(row: Option<&Row>, commit: &Commit) -> bool {
    let header = &commit.event.header;
    let (version, head) = row.map_or((0, Digest::ZERO), |row| (row.case.version, row.case.head));
    commit.expected_version == version && header.version == version + 1 && header.previous == head
}

fn entry(commit: &Commit, event: &SealedEvent, position: u64) -> Entry {
    let (header, columns) = (&event.header, &commit.columns);
    Entry {
        record: Record {
            position,
            determination_id: header.determination_id,
            version: header.version,
            bytes: event.bytes.clone(),
            sha256: event.sha256,
        },
        shown: LogEntry {
            position,
            determination_id: header.determination_id,
            version: header.version,
            kind: commit.kind,
            state: columns.state,
            urgency: columns.urgency,
            due_at: columns.due_at,
            occurred_at: header.occurred_at,
            referral_number: columns.referral_number.clone(),
            treatment_authorization_number: columns.treatment_authorization_number.clone(),
        },
    }
}

fn row(
    held: Option<&Row>,
    commit: &Commit,
    event: &SealedEvent,
    position: u64,
) -> Result<Row, StoreError> {
    let (id, at) = (event.header.determination_id, event.header.occurred_at);
    let file = decode_file(&commit.snapshot);
    let file = file.ok_or_else(|| StoreError::damaged(id, "a snapshot that cannot be read"))?;
    // What no caller did moves neither the etag nor the instant of the last change.
    let by_a_caller = commit.replay.is_some();
    let before = held.map(|row| &row.case);
    Ok(Row {
        case: Case {
            id,
            version: event.header.version,
            head: event.sha256,
            command_head: before
                .filter(|_| !by_a_caller)
                .map_or(event.sha256, |case| case.command_head),
            created_at: before.map_or(at, |case| case.created_at),
            updated_at: before
                .filter(|_| !by_a_caller)
                .map_or(at, |case| case.updated_at),
            file,
        },
        columns: commit.columns.clone(),
        opened_at: held.map_or(position, |row| row.opened_at),
    })
}
