//! Queries and the rows that they give, the same on every database: `$1` is a parameter in each of them.

use super::columns::{Columns, Row};
use super::open_cases::OpenCasesRow;
use super::sequence::CaseHead;
use super::{
    Head, LogEntry, Place, Record, Replay, ReplayKey, StoreError, StoredNotice, StoredRendering,
    decode_file,
};
use second_opinion_letters::Rendition;
use second_opinion_rules::case::{Case, File};
use uuid::Uuid;

/// The columns of [`case`], for a `SELECT`.
macro_rules! case_columns {
    () => {
        "id, version, created_at_us, updated_at_us, head, command_head, last_position, snapshot"
    };
}
pub(super) use case_columns;

pub(super) const CASE_SQL: &str = concat!("SELECT ", case_columns!(), " FROM cases WHERE id = $1");
pub(super) const LAST_POSITION_SQL: &str = "SELECT last_position FROM cases WHERE id = $1";
pub(super) const REPLAY_SQL: &str =
    "SELECT request_id, caller, content, determination_id, version FROM events
    WHERE request_id = $1 AND caller = $2";
pub(super) const LOG_SQL: &str =
    "SELECT e.position, e.determination_id, e.version, e.kind, e.state, e.urgency, e.due_at_us,
        e.occurred_at_us, coalesce(c.referral_number, '') AS referral_number,
        coalesce(c.treatment_authorization_number, '') AS treatment_authorization_number
    FROM events e LEFT JOIN cases c ON c.opened_at = e.opened_at
    WHERE e.position > $1 ORDER BY e.position LIMIT $2";
pub(super) const RECORDS_SQL: &str = "SELECT position, determination_id, version, sha256, bytes
    FROM events WHERE position > $1 ORDER BY position LIMIT $2";
pub(super) const HEAD_SQL: &str = "SELECT position, digest, occurred_at_us FROM log_head";
pub(super) const NOTICE_SQL: &str = "SELECT c.id, n.reference, n.bytes
    FROM notices n JOIN cases c ON c.opened_at = n.opened_at WHERE n.notice_id = $1";
pub(super) const RENDERING_SQL: &str = "SELECT sha256, bytes FROM renderings
    WHERE notice_id = $1 AND form = $2 AND language = $3 AND large_print = $4";
/// The condition of the partial index is repeated, or the index would not be used.
pub(super) const SWEEP_SQL: &str =
    "SELECT id FROM cases WHERE sweep_at_us IS NOT NULL AND sweep_at_us <= $1
    ORDER BY sweep_at_us, opened_at LIMIT $2";

/// The file in a case's row.
pub(super) enum Snapshot {
    Known(Box<File>),
    /// Another version wrote it: the case is folded from its events, the last of which stands there.
    Unknown {
        id: Uuid,
        last_position: u64,
    },
}

pub(super) fn snapshot(row: &dyn Row) -> Result<Snapshot, StoreError> {
    let columns = Columns::with_id_in(row, "id")?;
    Ok(match decode_file(columns.bytes("snapshot")?) {
        Some(file) => Snapshot::Known(Box::new(file)),
        None => Snapshot::Unknown {
            id: columns.determination_id(),
            last_position: columns.position("last_position")?,
        },
    })
}

pub(super) fn case(row: &dyn Row, file: File) -> Result<Case, StoreError> {
    let columns = Columns::with_id_in(row, "id")?;
    Ok(Case {
        id: columns.determination_id(),
        version: columns.version("version")?,
        head: columns.digest("head")?,
        command_head: columns.digest("command_head")?,
        created_at: columns.instant("created_at_us")?,
        updated_at: columns.instant("updated_at_us")?,
        file,
    })
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

pub(super) fn place(row: &dyn Row) -> Result<Place, StoreError> {
    let columns = Columns::of_no_case(row);
    Ok(Place {
        first_due_us: columns.big("first_due_us")?,
        opened_at: columns.position("opened_at")?,
    })
}
