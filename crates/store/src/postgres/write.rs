//! The rows of a commit group: one statement a table, whatever the group's size.

use std::collections::HashMap;

use deadpool_postgres::Object;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Statement};
use uuid::Uuid;

use crate::codes::{
    first_due_column, instant_column, kind_code, position_column, state_code, urgency_code,
};
use crate::sequence::SequencedEvent;
use crate::{Commit, Head, StoreError, StoredNotice};

// `unnest` stands in the select list, where the columns advance together row by row: in FROM each would be stored first.

const EVENTS_SQL: &str = "INSERT INTO events (position, opened_at, occurred_at_us, previous_position, due_at_us, state,
        urgency, kind, version, determination_id, sha256, request_id, caller, content, bytes)
    SELECT unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::bigint[]), unnest($4::bigint[]), unnest($5::bigint[]),
        unnest($6::smallint[]), unnest($7::smallint[]), unnest($8::smallint[]), unnest($9::integer[]), unnest($10::uuid[]),
        unnest($11::bytea[]), unnest($12::uuid[]), unnest($13::text[]), unnest($14::bytea[]), unnest($15::bytea[])";

const NEW_CASES_SQL: &str = "INSERT INTO cases (opened_at, first_due_us, due_at_us, created_at_us, updated_at_us,
        last_position, version, state, urgency, id, member_id, referral_number, treatment_authorization_number, head,
        command_head, snapshot, sweep_at_us, determination_due_us, member_notification_due_us,
        provider_notification_due_us, undecided_since_us)
    SELECT unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::bigint[]), unnest($4::bigint[]), unnest($5::bigint[]),
        unnest($6::bigint[]), unnest($7::integer[]), unnest($8::smallint[]), unnest($9::smallint[]), unnest($10::uuid[]),
        unnest($11::text[]), unnest($12::text[]), unnest($13::text[]), unnest($14::bytea[]), unnest($15::bytea[]),
        unnest($16::bytea[]), unnest($17::bigint[]), unnest($18::bigint[]), unnest($19::bigint[]), unnest($20::bigint[]),
        unnest($21::bigint[])";

/// Leaves alone what never changes. What no caller did moves neither the etag nor the instant of the last change.
const CHANGED_CASES_SQL: &str = "UPDATE cases c SET first_due_us = n.first_due_us, due_at_us = n.due_at_us,
        updated_at_us = coalesce(n.updated_at_us, c.updated_at_us), last_position = n.last_position,
        version = n.version, state = n.state, urgency = n.urgency, head = n.head,
        command_head = coalesce(n.command_head, c.command_head), snapshot = n.snapshot, sweep_at_us = n.sweep_at_us,
        determination_due_us = n.determination_due_us, member_notification_due_us = n.member_notification_due_us,
        provider_notification_due_us = n.provider_notification_due_us, undecided_since_us = n.undecided_since_us
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::integer[], $7::smallint[],
        $8::smallint[], $9::bytea[], $10::bytea[], $11::bytea[], $12::bigint[], $13::bigint[], $14::bigint[],
        $15::bigint[], $16::bigint[])
        AS n (opened_at, first_due_us, due_at_us, updated_at_us, last_position, version, state, urgency, head,
            command_head, snapshot, sweep_at_us, determination_due_us, member_notification_due_us,
            provider_notification_due_us, undecided_since_us)
    WHERE c.opened_at = n.opened_at";

const LETTERS_SQL: &str = "INSERT INTO notices (notice_id, opened_at, reference, bytes)
    SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::bytea[])";

const HEAD_SQL: &str = "UPDATE log_head SET position = $1, digest = $2, occurred_at_us = $3";

/// The statements, prepared before a group begins: what is sent after that keeps its order.
pub(super) struct Statements {
    events: Statement,
    new_cases: Statement,
    changed_cases: Statement,
    letters: Statement,
    head: Statement,
    notify: Statement,
}

impl Statements {
    pub(super) async fn of(client: &Object) -> Result<Self, Error> {
        Ok(Self {
            events: client.prepare_cached(EVENTS_SQL).await?,
            new_cases: client.prepare_cached(NEW_CASES_SQL).await?,
            changed_cases: client.prepare_cached(CHANGED_CASES_SQL).await?,
            letters: client.prepare_cached(LETTERS_SQL).await?,
            head: client.prepare_cached(HEAD_SQL).await?,
            notify: client.prepare_cached("SELECT pg_notify($1, $2)").await?,
        })
    }

    /// Writes the rows of a group, moves the head, and notifies other processes.
    pub(super) async fn write(
        &self,
        client: &Object,
        rows: &[GroupRow<'_>],
        letters: &Letters<'_>,
        head: &Head,
        channel: &str,
    ) -> Result<(), Error> {
        let (events, cases, letters, head, notified) = tokio::join!(
            biased;
            self.events(client, rows),
            self.cases(client, rows),
            self.letters(client, letters),
            self.head(client, head),
            self.notify(client, channel, head),
        );
        // The first that failed says why: after it the others are refused.
        events
            .and(cases)
            .and(letters.and(head).and(notified).map(drop))
    }

    async fn events(&self, client: &Object, rows: &[GroupRow<'_>]) -> Result<u64, Error> {
        let column = Of(rows);
        let given: [&(dyn ToSql + Sync); 15] = [
            &column.of(|row| position_column(row.sequenced.position)),
            &column.of(|row| position_column(row.sequenced.opened_at)),
            &column.of(|row| instant_column(row.sequenced.event.header.occurred_at)),
            &column.of(|row| row.sequenced.previous.map(position_column)),
            &column.of(|row| row.commit.columns.due_at.map(instant_column)),
            &column.of(|row| state_code(row.commit.columns.state)),
            &column.of(|row| urgency_code(row.commit.columns.urgency)),
            &column.of(|row| kind_code(row.commit.kind)),
            &column.of(|row| version_column(row.sequenced.event.header.version)),
            &column.of(|row| row.sequenced.event.header.determination_id),
            &column.of(|row| &row.sequenced.event.sha256.0[..]),
            &column.of(|row| row.commit.replay.as_ref().map(|(key, _)| key.request_id)),
            &column.of(|row| {
                row.commit
                    .replay
                    .as_ref()
                    .map(|(key, _)| key.caller.as_str())
            }),
            &column.of(|row| {
                row.commit
                    .replay
                    .as_ref()
                    .map(|(_, content)| &content.0[..])
            }),
            &column.of(|row| &row.sequenced.event.bytes[..]),
        ];
        client.execute(&self.events, &given).await
    }

    /// The cases after a group: the new ones written, the others changed.
    async fn cases(&self, client: &Object, rows: &[GroupRow<'_>]) -> Result<(), Error> {
        let (new, changed) = cases(rows);
        let (new, changed) = tokio::join!(
            biased;
            self.new_cases(client, &new),
            self.changed_cases(client, &changed),
        );
        new.and(changed).map(drop)
    }

    async fn new_cases(&self, client: &Object, cases: &[CaseRow<'_>]) -> Result<u64, Error> {
        if cases.is_empty() {
            return Ok(0);
        }
        let column = Of(cases);
        let given: [&(dyn ToSql + Sync); 21] = [
            &column.of(|case| position_column(case.last.sequenced.opened_at)),
            &column.of(|case| first_due_column(case.last.commit.columns.first_due)),
            &column.of(|case| case.last.commit.columns.due_at.map(instant_column)),
            &column.of(|case| case.first.map(occurred_at)),
            &column.of(|case| case.by_caller.map(occurred_at)),
            &column.of(|case| position_column(case.last.sequenced.position)),
            &column.of(|case| version_column(case.last.sequenced.event.header.version)),
            &column.of(|case| state_code(case.last.commit.columns.state)),
            &column.of(|case| urgency_code(case.last.commit.columns.urgency)),
            &column.of(|case| case.last.sequenced.event.header.determination_id),
            &column.of(|case| case.last.commit.columns.member_id.as_str()),
            &column.of(|case| case.last.commit.columns.referral_number.as_str()),
            &column.of(|case| {
                case.last
                    .commit
                    .columns
                    .treatment_authorization_number
                    .as_str()
            }),
            &column.of(|case| &case.last.sequenced.event.sha256.0[..]),
            &column.of(|case| case.by_caller.as_ref().map(sha256)),
            &column.of(|case| &case.last.commit.snapshot[..]),
            &column.of(|case| case.last.commit.columns.sweep_at.map(instant_column)),
            &column.of(|case| case.last.commit.columns.open.in_us()[0]),
            &column.of(|case| case.last.commit.columns.open.in_us()[1]),
            &column.of(|case| case.last.commit.columns.open.in_us()[2]),
            &column.of(|case| case.last.commit.columns.open.in_us()[3]),
        ];
        client.execute(&self.new_cases, &given).await
    }

    async fn changed_cases(&self, client: &Object, cases: &[CaseRow<'_>]) -> Result<u64, Error> {
        if cases.is_empty() {
            return Ok(0);
        }
        let column = Of(cases);
        let given: [&(dyn ToSql + Sync); 16] = [
            &column.of(|case| position_column(case.last.sequenced.opened_at)),
            &column.of(|case| first_due_column(case.last.commit.columns.first_due)),
            &column.of(|case| case.last.commit.columns.due_at.map(instant_column)),
            &column.of(|case| case.by_caller.map(occurred_at)),
            &column.of(|case| position_column(case.last.sequenced.position)),
            &column.of(|case| version_column(case.last.sequenced.event.header.version)),
            &column.of(|case| state_code(case.last.commit.columns.state)),
            &column.of(|case| urgency_code(case.last.commit.columns.urgency)),
            &column.of(|case| &case.last.sequenced.event.sha256.0[..]),
            &column.of(|case| case.by_caller.as_ref().map(sha256)),
            &column.of(|case| &case.last.commit.snapshot[..]),
            &column.of(|case| case.last.commit.columns.sweep_at.map(instant_column)),
            &column.of(|case| case.last.commit.columns.open.in_us()[0]),
            &column.of(|case| case.last.commit.columns.open.in_us()[1]),
            &column.of(|case| case.last.commit.columns.open.in_us()[2]),
            &column.of(|case| case.last.commit.columns.open.in_us()[3]),
        ];
        client.execute(&self.changed_cases, &given).await
    }

    async fn letters(&self, client: &Object, letters: &Letters<'_>) -> Result<u64, Error> {
        if letters.0.is_empty() {
            return Ok(0);
        }
        let column = Of(&letters.0);
        let given: [&(dyn ToSql + Sync); 4] = [
            &column.of(|(_, letter, _)| -> Uuid { letter.reference.notice_id }),
            &column.of(|(opened_at, ..)| *opened_at),
            &column.of(|(.., reference)| reference.as_str()),
            &column.of(|(_, letter, _)| &letter.bytes[..]),
        ];
        client.execute(&self.letters, &given).await
    }

    async fn head(&self, client: &Object, head: &Head) -> Result<u64, Error> {
        let given: [&(dyn ToSql + Sync); 3] = [
            &position_column(head.position),
            &&head.digest.0[..],
            &instant_column(head.occurred_at),
        ];
        client.execute(&self.head, &given).await
    }

    /// Tells whoever listens where the head is, once it is there.
    async fn notify(&self, client: &Object, channel: &str, head: &Head) -> Result<u64, Error> {
        let position = head.position.to_string();
        client.execute(&self.notify, &[&channel, &position]).await
    }
}

/// A commit and its place in the log.
#[derive(Clone, Copy)]
pub(super) struct GroupRow<'a> {
    pub commit: &'a Commit,
    pub sequenced: &'a SequencedEvent,
}

/// A case after a group: its last event, and what of it is from earlier ones.
struct CaseRow<'a> {
    last: GroupRow<'a>,
    /// The event that opened it, where that is in the group.
    first: Option<GroupRow<'a>>,
    /// The last event that is a caller's, or the first; `None`: none in the group. It moves the etag and the instant of
    /// the last change.
    by_caller: Option<GroupRow<'a>>,
}

/// The cases after a group, those that are new and those that are changed, each once.
fn cases<'a>(rows: &[GroupRow<'a>]) -> (Vec<CaseRow<'a>>, Vec<CaseRow<'a>>) {
    let mut by_case: HashMap<u64, usize> = HashMap::with_capacity(rows.len());
    let mut cases: Vec<CaseRow<'a>> = Vec::with_capacity(rows.len());
    for row in rows {
        let opens = row.sequenced.previous.is_none();
        let by_caller = (opens || row.commit.replay.is_some()).then_some(*row);
        let at = *by_case
            .entry(row.sequenced.opened_at)
            .or_insert(cases.len());
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

/// The letters of a group, with the key of their case and their reference as it is kept.
pub(super) struct Letters<'a>(Vec<(i64, &'a StoredNotice, String)>);

impl<'a> Letters<'a> {
    pub(super) fn of(rows: &[GroupRow<'a>]) -> Result<Self, StoreError> {
        let mut letters = Vec::new();
        for row in rows {
            for letter in &row.commit.letters {
                let reference = serde_json::to_string(&letter.reference).map_err(|_| {
                    let id = letter.determination_id;
                    StoreError::damaged(id, "a letter's reference is not JSON")
                })?;
                letters.push((position_column(row.sequenced.opened_at), letter, reference));
            }
        }
        Ok(Self(letters))
    }
}

/// The rows of which columns are made.
struct Of<'r, T>(&'r [T]);

impl<'r, T> Of<'r, T> {
    fn of<C>(&self, column: impl Fn(&'r T) -> C) -> Vec<C> {
        self.0.iter().map(column).collect()
    }
}

fn occurred_at(row: GroupRow<'_>) -> i64 {
    instant_column(row.sequenced.event.header.occurred_at)
}

fn sha256<'a>(row: &GroupRow<'a>) -> &'a [u8] {
    &row.sequenced.event.sha256.0
}

/// A version in the form in which the database keeps it: a case takes a thousand events at most.
fn version_column(version: u32) -> i32 {
    i32::try_from(version).unwrap_or(i32::MAX)
}
