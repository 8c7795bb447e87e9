//! The rows of a commit group: one statement a table, whatever the group's size.

use std::collections::HashMap;
use std::sync::LazyLock;

use deadpool_postgres::Object;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Statement};

use super::query::parameters;
use crate::codes::{instant_column, position_column};
use crate::sequence::SequencedEvent;
use crate::tables::{
    CASES, CHANGED_CASES, EVENTS, NOTICES, NewRow, Table, case_row, changed_case_assignments,
    changed_case_row, event_row, notice_row,
};
use crate::value::Value;
use crate::{Head, StoreError};

static INSERT_EVENTS_SQL: LazyLock<String> = LazyLock::new(|| insert_sql(&EVENTS));
static INSERT_CASES_SQL: LazyLock<String> = LazyLock::new(|| insert_sql(&CASES));
static INSERT_NOTICES_SQL: LazyLock<String> = LazyLock::new(|| insert_sql(&NOTICES));
static UPDATE_CASES_SQL: LazyLock<String> = LazyLock::new(|| {
    let assignments = changed_case_assignments(|_, name| format!("new.{name}"));
    let (key, columns) = (CHANGED_CASES.key, CHANGED_CASES.column_names());
    let arrays = arrays(&CHANGED_CASES, |array| array);
    format!(
        "UPDATE cases SET {assignments} FROM unnest({arrays}) AS new ({columns}) WHERE cases.{key} = new.{key}"
    )
});
const MOVE_HEAD_SQL: &str = "UPDATE log_head SET position = $1, digest = $2, occurred_at_us = $3";

/// `unnest` is in the select list, where the columns advance together row by row; in FROM each would be stored first.
fn insert_sql(table: &Table) -> String {
    let (name, columns) = (table.name, table.column_names());
    let arrays = arrays(table, |array| format!("unnest({array})"));
    format!("INSERT INTO {name} ({columns}) SELECT {arrays}")
}

/// The parameters of a statement on several rows: an array a column.
fn arrays(table: &Table, each: impl Fn(String) -> String) -> String {
    let columns = table.columns.iter().zip(1..);
    let arrays = columns.map(|((_, kind), at)| each(format!("${at}::{kind}[]")));
    arrays.collect::<Vec<_>>().join(", ")
}

/// Rows to be written by one statement.
struct Rows<'a>(Vec<Vec<Value<'a>>>);

impl<'a> Rows<'a> {
    /// The rows with their values column by column.
    fn of(table: &Table, rows: impl IntoIterator<Item = NewRow<'a>>) -> Self {
        let mut columns: Vec<Vec<Value<'a>>> = table.columns.iter().map(|_| Vec::new()).collect();
        for row in rows {
            for (column, value) in columns.iter_mut().zip(row) {
                column.push(value);
            }
        }
        Self(columns)
    }

    async fn write(&self, client: &Object, statement: &Statement) -> Result<(), Error> {
        if self.0.iter().all(Vec::is_empty) {
            return Ok(());
        }
        let columns = self.0.iter().map(|column| column as &(dyn ToSql + Sync));
        let columns: Vec<_> = columns.collect();
        client.execute(statement, &columns).await.map(drop)
    }
}

/// The statements, prepared before a group begins: what is sent after that keeps its order.
pub(super) struct Statements {
    insert_events: Statement,
    insert_cases: Statement,
    update_cases: Statement,
    insert_notices: Statement,
    move_head: Statement,
    notify: Statement,
}

impl Statements {
    pub(super) async fn of(client: &Object) -> Result<Self, Error> {
        Ok(Self {
            insert_events: client.prepare_cached(&INSERT_EVENTS_SQL).await?,
            insert_cases: client.prepare_cached(&INSERT_CASES_SQL).await?,
            update_cases: client.prepare_cached(&UPDATE_CASES_SQL).await?,
            insert_notices: client.prepare_cached(&INSERT_NOTICES_SQL).await?,
            move_head: client.prepare_cached(MOVE_HEAD_SQL).await?,
            notify: client.prepare_cached("SELECT pg_notify($1, $2)").await?,
        })
    }
}

/// The rows that a group writes.
pub(super) struct GroupRows<'a> {
    events: Rows<'a>,
    new_cases: Rows<'a>,
    changed_cases: Rows<'a>,
    notices: Rows<'a>,
}

impl<'a> GroupRows<'a> {
    pub(super) fn of(events: &[&'a SequencedEvent<'a>]) -> Result<Self, StoreError> {
        let (new, changed) = cases(events);
        let mut notices = Vec::new();
        for event in events {
            for letter in &event.commit.letters {
                notices.push(notice_row(event.opened_at, letter)?);
            }
        }
        Ok(Self {
            events: Rows::of(&EVENTS, events.iter().map(|event| event_row(event))),
            new_cases: Rows::of(&CASES, new),
            changed_cases: Rows::of(&CHANGED_CASES, changed),
            notices: Rows::of(&NOTICES, notices),
        })
    }

    /// Writes the rows, moves the head, and notifies other processes of it.
    pub(super) async fn write(
        &self,
        client: &Object,
        statements: &Statements,
        head: &Head,
        channel: &str,
    ) -> Result<(), Error> {
        let position = head.position.to_string();
        let notified = [channel.into(), position.as_str().into()];
        let moved = [
            position_column(head.position).into(),
            head.digest.0[..].into(),
            instant_column(head.occurred_at).into(),
        ];
        let (moved, notified) = (parameters(&moved), parameters(&notified));
        // Each is sent when it is first polled, in this order.
        let (events, new_cases, changed_cases, notices, moved, notified) = tokio::join!(
            biased;
            self.events.write(client, &statements.insert_events),
            self.new_cases.write(client, &statements.insert_cases),
            self.changed_cases.write(client, &statements.update_cases),
            self.notices.write(client, &statements.insert_notices),
            client.execute(&statements.move_head, &moved),
            client.execute(&statements.notify, &notified),
        );
        // The first that failed says why: after it the others are refused.
        events
            .and(new_cases)
            .and(changed_cases)
            .and(notices)
            .and(moved.and(notified).map(drop))
    }
}

/// A case after a group: its last event, and what of it is from earlier ones.
struct GroupCase<'a> {
    last: &'a SequencedEvent<'a>,
    /// The event that opened it, where that is in the group.
    first: Option<&'a SequencedEvent<'a>>,
    /// The last event that a caller made; `None`: none in the group.
    by_caller: Option<&'a SequencedEvent<'a>>,
}

/// The rows of the cases after a group, those that are new and those that are changed, each case once.
fn cases<'a>(events: &[&'a SequencedEvent<'a>]) -> (Vec<NewRow<'a>>, Vec<NewRow<'a>>) {
    let mut places: HashMap<u64, usize> = HashMap::with_capacity(events.len());
    let mut cases: Vec<GroupCase<'a>> = Vec::with_capacity(events.len());
    for &event in events {
        let first = event.previous.is_none().then_some(event);
        let by_caller = event.commit.replay.is_some().then_some(event);
        let at = *places.entry(event.opened_at).or_insert(cases.len());
        match cases.get_mut(at) {
            Some(case) => {
                case.last = event;
                case.by_caller = by_caller.or(case.by_caller);
            }
            None => cases.push(GroupCase {
                last: event,
                first,
                by_caller,
            }),
        }
    }
    let (mut new, mut changed) = (Vec::new(), Vec::new());
    for case in &cases {
        match case.first {
            Some(first) => new.push(case_row(first, case.last, case.by_caller.unwrap_or(first))),
            None => changed.push(changed_case_row(case.last, case.by_caller)),
        }
    }
    (new, changed)
}
