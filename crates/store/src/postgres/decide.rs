//! What does a group of commits come to, behind the log as it stands? Decided in memory, written afterwards.
//!
//! A commit sees those before it in its group: their cases, their request ids, and the head that they moved.

use std::collections::HashMap;

use uuid::Uuid;

use crate::place::{Placed, Standing};
use crate::{Commit, CommitError, Head, Replay, ReplayKey};

/// The log, the cases and the request ids that a group is about, as they stand.
pub(super) struct Before {
    pub head: Head,
    pub standings: HashMap<Uuid, Standing>,
    pub replays: HashMap<ReplayKey, Replay>,
}

impl Before {
    /// Places a commit, and stands after it as the log does.
    pub(super) fn place(&mut self, commit: &Commit) -> Result<Placed, CommitError> {
        // Before the version: whoever repeats a request gets its first answer, however far the case has moved on.
        if let Some((key, _)) = &commit.replay
            && let Some(replay) = self.replays.get(key)
        {
            return Err(CommitError::Replayed(*replay));
        }
        let id = commit.event.header.determination_id;
        let standing = self.standings.get(&id);
        let event = commit.event.clone();
        let placed = Placed::behind(&self.head, standing, commit.expected_version, event)?;
        self.head = placed.head_after(&self.head);
        self.standings.insert(id, placed.standing_after());
        if let Some((key, content)) = &commit.replay {
            let replay = Replay {
                content: *content,
                determination_id: id,
                version: placed.event.header.version,
            };
            self.replays.insert(key.clone(), replay);
        }
        Ok(placed)
    }
}

/// One commit in its place.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub commit: &'a Commit,
    pub placed: &'a Placed,
}

/// A case after a group: its last event, and what of it is from earlier ones.
pub(super) struct CaseRow<'a> {
    pub last: Row<'a>,
    /// The event that opened it, where that is in the group.
    pub first: Option<Row<'a>>,
    /// The last event that is a caller's, or the first; `None`: none in the group. It moves the etag and the instant of
    /// the last change.
    pub by_caller: Option<Row<'a>>,
}

/// The cases after a group, those that are new and those that are changed, each once.
pub(super) fn cases<'a>(rows: &[Row<'a>]) -> (Vec<CaseRow<'a>>, Vec<CaseRow<'a>>) {
    let mut by_case: HashMap<u64, usize> = HashMap::with_capacity(rows.len());
    let mut cases: Vec<CaseRow<'a>> = Vec::with_capacity(rows.len());
    for row in rows {
        let opens = row.placed.previous.is_none();
        let by_caller = (opens || row.commit.replay.is_some()).then_some(*row);
        let at = *by_case.entry(row.placed.opened_at).or_insert(cases.len());
        match cases.get_mut(at) {
            Some(case) => {
                case.last = *row;
                case.by_caller = by_caller.or(case.by_caller);
            }
            None => cases.push(CaseRow {
                last: *row,
                first: opens.then_some(*row),
                by_caller,
            }),
        }
    }
    cases.into_iter().partition(|case| case.first.is_some())
}
