//! The readers of rows, the same for every database.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::columns::{Columns, Row};
use super::open_cases::OpenCasesRow;
use super::sequence::CaseHead;
use super::{
    Head, LogEntry, Record, Replay, ReplayKey, StoreError, StoredNotice, StoredRendering,
    decode_state, fold,
};
use second_opinion_letters::Rendition;
use second_opinion_rules::case::{Case, CaseState, Digest};

/// A case as its row has it.
pub(super) struct StoredCase {
    id: Uuid,
    version: u32,
    head: Digest,
    command_head: Digest,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    last_position: u64,
    /// `None`: another version wrote the snapshot. The events are the record.
    current: Option<CaseState>,
}

pub(super) fn stored_case(row: &dyn Row) -> Result<StoredCase, StoreError> {
    let columns = Columns::with_id_in(row, "id")?;
    Ok(StoredCase {
        id: columns.determination_id(),
        version: columns.version("version")?,
        head: columns.digest("head")?,
        command_head: columns.digest("command_head")?,
        created_at: columns.instant("created_at_us")?,
        updated_at: columns.instant("updated_at_us")?,
        last_position: columns.position("last_position")?,
        current: decode_state(columns.bytes("snapshot")?),
    })
}

/// A case with its key, `opened_at`.
pub(super) fn keyed_case(row: &dyn Row) -> Result<(i64, StoredCase), StoreError> {
    let opened_at = Columns::of_no_case(row).big("opened_at")?;
    Ok((opened_at, stored_case(row)?))
}

impl StoredCase {
    /// The position from which a walk gives the events to fold; `None`: the current is known.
    pub fn unfolded(&self) -> Option<u64> {
        self.current.is_none().then_some(self.last_position)
    }

    /// The case, with its current folded from the steps of a walk where it is not known.
    pub fn complete(self, steps: Vec<WalkStep>) -> Result<Case, StoreError> {
        let current = match self.current {
            Some(current) => current,
            None => fold(self.id, &walked(self.id, steps)?)?.current,
        };
        Ok(Case {
            id: self.id,
            version: self.version,
            head: self.head,
            command_head: self.command_head,
            created_at: self.created_at,
            updated_at: self.updated_at,
            current,
        })
    }
}

/// A step of a walk.
pub(super) struct WalkStep {
    /// The position to which it went.
    at: i64,
    /// The event there; `None`: it is missing.
    record: Option<Record>,
    /// The position of the event before it in the case.
    previous: Option<i64>,
}

pub(super) fn walk_step(row: &dyn Row) -> Result<WalkStep, StoreError> {
    let columns = Columns::of_no_case(row);
    let is_there = columns.big_or_null("position")?.is_some();
    Ok(WalkStep {
        at: columns.big("at")?,
        record: is_there.then(|| record(row)).transpose()?,
        previous: columns.big_or_null("previous_position")?,
    })
}

/// A case's events in order, from the steps of a walk.
pub(super) fn walked(id: Uuid, steps: Vec<WalkStep>) -> Result<Vec<Record>, StoreError> {
    let first = steps.last().map(|step| (step.at, step.previous));
    let mut records = Vec::with_capacity(steps.len());
    for step in steps {
        let at = step.at;
        let missing = || StoreError::damaged(id, format!("its event at position {at} is missing"));
        records.push(step.record.ok_or_else(missing)?);
    }
    if let Some((at, Some(_))) = first {
        let unnamed = format!("its event at position {at} does not name the one before it");
        return Err(StoreError::damaged(id, unnamed));
    }
    records.reverse();
    Ok(records)
}

pub(super) fn case_head(row: &dyn Row) -> Result<(Uuid, CaseHead), StoreError> {
    let columns = Columns::with_id_in(row, "id")?;
    let head = CaseHead {
        opened_at: columns.position("opened_at")?,
        version: columns.version("version")?,
        head: columns.digest("head")?,
        last_position: columns.position("last_position")?,
    };
    Ok((columns.determination_id(), head))
}

pub(super) fn replay(row: &dyn Row) -> Result<(ReplayKey, Replay), StoreError> {
    let columns = Columns::with_id_in(row, "determination_id")?;
    let key = ReplayKey {
        caller: columns.text("caller")?.to_owned(),
        request_id: columns.id("request_id")?,
    };
    let replay = Replay {
        content: columns.digest("content")?,
        determination_id: columns.determination_id(),
        version: columns.version("version")?,
    };
    Ok((key, replay))
}

pub(super) fn record(row: &dyn Row) -> Result<Record, StoreError> {
    let columns = Columns::with_id_in(row, "determination_id")?;
    Ok(Record {
        position: columns.position("position")?,
        determination_id: columns.determination_id(),
        version: columns.version("version")?,
        bytes: columns.bytes("bytes")?.to_vec(),
        sha256: columns.digest("sha256")?,
    })
}

pub(super) fn log_entry(row: &dyn Row) -> Result<LogEntry, StoreError> {
    let columns = Columns::with_id_in(row, "determination_id")?;
    let number = "treatment_authorization_number";
    Ok(LogEntry {
        position: columns.position("position")?,
        determination_id: columns.determination_id(),
        version: columns.version("version")?,
        kind: columns.kind("kind")?,
        state: columns.state("state")?,
        urgency: columns.urgency("urgency")?,
        due_at: columns.instant_or_null("due_at_us")?,
        occurred_at: columns.instant("occurred_at_us")?,
        referral_number: columns.text("referral_number")?.to_owned(),
        treatment_authorization_number: columns.text(number)?.to_owned(),
    })
}

pub(super) fn head(row: &dyn Row) -> Result<Head, StoreError> {
    let columns = Columns::of_no_case(row);
    Ok(Head {
        position: columns.position("position")?,
        digest: columns.digest("digest")?,
        occurred_at: columns.instant("occurred_at_us")?,
    })
}

pub(super) fn notice(row: &dyn Row) -> Result<StoredNotice, StoreError> {
    let columns = Columns::with_id_in(row, "id")?;
    let reference = serde_json::from_str(columns.text("reference")?)
        .map_err(|_| columns.damaged("reference"))?;
    Ok(StoredNotice {
        determination_id: columns.determination_id(),
        reference,
        bytes: columns.bytes("bytes")?.to_vec(),
    })
}

pub(super) fn rendering(
    row: &dyn Row,
    notice_id: Uuid,
    rendition: &Rendition,
) -> Result<StoredRendering, StoreError> {
    let columns = Columns::of_no_case(row);
    Ok(StoredRendering {
        notice_id,
        rendition: rendition.clone(),
        sha256: columns.digest("sha256")?,
        bytes: columns.bytes("bytes")?.to_vec(),
    })
}

pub(super) fn open_cases(row: &dyn Row) -> Result<OpenCasesRow, StoreError> {
    let columns = Columns::of_no_case(row);
    Ok(OpenCasesRow {
        clock: columns.integer("clock")?,
        time_left: columns.integer("time_left")?,
        cases: columns.big("cases")?,
        earliest_us: columns.big_or_null("earliest_us")?,
    })
}
