//! The model database's tables, and the checks of a commit: written apart from the real stores, in the plainest way.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use second_opinion::case::{Case, Digest, SealedEvent};
use second_opinion::store::{
    CaseColumns, Commit, CommitError, Committed, Head, LogEntry, Page, Place, Record, Replay,
    ReplayKey, StoreError, StoredNotice, Worklist, decode_state,
};
use uuid::Uuid;

/// Everything that commits write. Copies are cheap, because rows are shared.
#[derive(Clone)]
pub struct Tables {
    pub log: BTreeMap<u64, Arc<LogRow>>,
    pub cases: BTreeMap<Uuid, Arc<CaseRow>>,
    pub notices: BTreeMap<Uuid, Arc<StoredNotice>>,
    pub head: Head,
    replays: BTreeMap<(String, Uuid), Replay>,
}

pub struct LogRow {
    pub record: Record,
    pub entry: LogEntry,
}

pub struct CaseRow {
    pub case: Case,
    pub columns: CaseColumns,
    opened_at: u64,
}

impl CaseRow {
    fn place(&self) -> Place {
        let first_due = self.columns.first_due;
        Place {
            first_due_us: first_due.map_or(i64::MAX, |due| due.timestamp_micros()),
            opened_at: self.opened_at,
        }
    }
}

impl Tables {
    pub fn new() -> Self {
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

    /// Refuses a commit if its request id is known or its case has another version.
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

    /// Writes a commit, unchecked, at a position of the log.
    pub fn write(&mut self, commit: &Commit, position: u64) -> Result<Committed, StoreError> {
        let id = commit.event.header.determination_id;
        let held = self.cases.get(&id).map(Arc::clone);
        let event = commit.event.clone().not_before(self.head.occurred_at);
        let event = event.map_err(|_| StoreError::damaged(id, "an event that is not JSON"))?;
        self.head = Head {
            position: position.max(self.head.position),
            digest: self.head.digest.roll(position, event.sha256),
            occurred_at: event.header.occurred_at,
        };
        self.log
            .insert(position, Arc::new(log_row(commit, &event, position)));
        let row = case_row(held.as_deref(), commit, &event, position)?;
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

    pub fn log_after(&self, position: u64, limit: usize) -> impl Iterator<Item = &LogRow> {
        let after = self.log.range(position.saturating_add(1)..);
        after.take(limit).map(|(_, row)| &**row)
    }

    pub fn list(&self, query: &Worklist) -> Page {
        let matches = |row: &&Arc<CaseRow>| {
            let columns = &row.columns;
            let before = |bound| columns.due_at.is_some_and(|due| due < bound);
            let tar = &columns.treatment_authorization_number;
            (query.states.is_empty() || query.states.contains(&columns.state))
                && query.due_before.is_none_or(before)
                && equals_or_any(query.member_id.as_ref(), &columns.member_id)
                && equals_or_any(query.referral_number.as_ref(), &columns.referral_number)
                && equals_or_any(query.treatment_authorization_number.as_ref(), tar)
                && query.after.is_none_or(|after| row.place() > after)
        };
        let mut rows: Vec<&Arc<CaseRow>> = self.cases.values().filter(matches).collect();
        rows.sort_by_key(|row| row.place());
        let more = rows.len() > query.limit;
        rows.truncate(query.limit);
        Page {
            cases: rows.iter().map(|row| row.case.clone()).collect(),
            next: rows.last().map(|row| row.place()).filter(|_| more),
        }
    }

    pub fn to_sweep(&self, as_of: DateTime<Utc>, limit: usize) -> Vec<Uuid> {
        let due = |row: &Arc<CaseRow>| row.columns.sweep_at.filter(|at| *at <= as_of);
        let mut cases: Vec<_> = self
            .cases
            .iter()
            .filter_map(|(id, row)| Some((due(row)?, row.opened_at, *id)))
            .collect();
        cases.sort_unstable();
        cases.into_iter().take(limit).map(|(.., id)| id).collect()
    }
}

fn equals_or_any<T: PartialEq>(wanted: Option<&T>, held: &T) -> bool {
    wanted.is_none_or(|wanted| wanted == held)
}

fn follows(row: Option<&CaseRow>, commit: &Commit) -> bool {
    let header = &commit.event.header;
    let (version, head) = row.map_or((0, Digest::ZERO), |row| (row.case.version, row.case.head));
    commit.expected_version == version && header.version == version + 1 && header.previous == head
}

fn log_row(commit: &Commit, event: &SealedEvent, position: u64) -> LogRow {
    let (header, columns) = (&event.header, &commit.columns);
    LogRow {
        record: Record {
            position,
            determination_id: header.determination_id,
            version: header.version,
            bytes: event.bytes.clone(),
            sha256: event.sha256,
        },
        entry: LogEntry {
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

fn case_row(
    held: Option<&CaseRow>,
    commit: &Commit,
    event: &SealedEvent,
    position: u64,
) -> Result<CaseRow, StoreError> {
    let (id, at) = (event.header.determination_id, event.header.occurred_at);
    let current = decode_state(&commit.snapshot);
    let current =
        current.ok_or_else(|| StoreError::damaged(id, "a snapshot that cannot be read"))?;
    // An event without a caller changes neither the etag nor the instant of the last change.
    let by_a_caller = commit.replay.is_some();
    let before = held.map(|row| &row.case);
    Ok(CaseRow {
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
            current,
        },
        columns: commit.columns.clone(),
        opened_at: held.map_or(position, |row| row.opened_at),
    })
}
