//! Worklists: pages of cases in the order of their due instants, found without sorting the table.
//!
//! A worklist by state merges one keyset scan for each state and each half of the index: cases with a clock that runs,
//! and those without. A worklist of a member, or of a RAF or TAR number, sorts the few cases that it finds. Either is one
//! query, so that its cases are as of one commit.

use std::borrow::Cow;

use super::codes::{
    NO_CLOCK_US, STATES, instant_column, limit_column, position_column, state_code,
};
use super::columns::{Columns, Row};
use super::queries::{Reader, Size, case_columns, complete};
use super::rows::{StoredCase, stored_case};
use super::value::Value;
use super::{Page, Place, StoreError, Worklist};
use second_opinion_rules::case::State;

/// A page of a worklist.
pub(super) async fn list<R: Reader>(database: &R, query: &Worklist) -> Result<Page, StoreError> {
    let (sql, given) = match few_sql(query) {
        Some(sql) => (Cow::Borrowed(sql), few_given(query)),
        None => (by_state_sql::<R>(query).into(), by_state_given(query)),
    };
    let mut found = database.rows(Size::Page, sql, given, placed_case).await?;
    found.sort_unstable_by_key(|(place, _)| *place);
    let more = found.len() > query.limit;
    found.truncate(query.limit);
    let next = found.last().map(|(place, _)| *place).filter(|_| more);
    let mut cases = Vec::with_capacity(found.len());
    for (_, case) in found {
        cases.push(complete(database, case).await?);
    }
    Ok(Page { cases, next })
}

fn placed_case(row: &dyn Row) -> Result<(Place, StoredCase), StoreError> {
    let columns = Columns::of_no_case(row);
    let place = Place {
        first_due_us: columns.big("first_due_us")?,
        opened_at: columns.position("opened_at")?,
    };
    Ok((place, stored_case(row)?))
}

/// The place behind which a page begins: its due instant and its position.
fn after(query: &Worklist) -> [Value<'static>; 2] {
    let after = query.after.map_or((i64::MIN, 0), |place| {
        (place.first_due_us, position_column(place.opened_at))
    });
    [after.0.into(), after.1.into()]
}

/// One case more than a page takes: it shows whether there is another page.
fn limit(query: &Worklist) -> Value<'static> {
    limit_column(query.limit.saturating_add(1)).into()
}

/// Each state asked for, once; every one where none is named.
fn states(query: &Worklist) -> impl Iterator<Item = State> {
    STATES
        .into_iter()
        .filter(|state| query.states.is_empty() || query.states.contains(state))
}

/// The cases at the first places of all scans. The scans are the database's own, of the columns `due` and `at`.
pub(super) fn by_state_sql<R: Reader>(query: &Worklist) -> String {
    // Only a clock that runs is due before an instant.
    let halves: &[i16] = match query.due_before {
        Some(_) => &[0],
        None => &[0, 1],
    };
    let scans: Vec<(i16, i16)> = states(query)
        .flat_map(|state| halves.iter().map(move |half| (state_code(state), *half)))
        .collect();
    let (columns, scans) = (case_columns!(), R::scans_sql(&scans));
    format!(
        "SELECT {columns}, first_due_us, opened_at
        FROM (SELECT due, at FROM ({scans}) AS scanned ORDER BY due, at LIMIT $5) AS place
            JOIN cases ON cases.opened_at = place.at"
    )
}

/// The parameters of [`by_state_sql`]: after which due instant and position, up to which due instant, with a running clock
/// due before which instant, and how many.
pub(super) fn by_state_given(query: &Worklist) -> Vec<Value<'static>> {
    let due_before = query.due_before.map(instant_column);
    // A running clock is due no earlier than the first of all clocks: a case that is due before an instant comes before that
    // instant in the order.
    let last_due = due_before.unwrap_or(NO_CLOCK_US);
    let [after_due, after_at] = after(query);
    vec![
        after_due,
        after_at,
        last_due.into(),
        due_before.into(),
        limit(query),
    ]
}

/// The query of few cases. The condition of its index is at the end, with that of a partial index, or it would not be used;
/// the other filters are compared on the row.
macro_rules! few_by {
    ($by_index:literal) => {
        concat!(
            "SELECT ",
            case_columns!(),
            ", first_due_us, opened_at FROM cases
            WHERE (member_id = $1 OR $1 IS NULL) AND (referral_number = $2 OR $2 IS NULL)
                AND (treatment_authorization_number = $3 OR $3 IS NULL)
                AND (CAST($4 AS bigint) >> CAST(state AS integer)) & 1 = 1 AND (due_at_us < $5 OR $5 IS NULL)
                AND (first_due_us, opened_at) > ($6, $7) AND ",
            $by_index,
            " ORDER BY first_due_us, opened_at LIMIT $8"
        )
    };
}

/// One query an index: by TAR number, by RAF number, by member.
pub(super) const FEW_SQL: [&str; 3] = [
    few_by!("treatment_authorization_number = $3 AND treatment_authorization_number <> ''"),
    few_by!("referral_number = $2 AND referral_number <> ''"),
    few_by!("member_id = $1"),
];

/// The query of few cases, where a worklist is about few; `None`: it is by state.
fn few_sql(query: &Worklist) -> Option<&'static str> {
    let [by_treatment_authorization, by_referral, by_member] = FEW_SQL;
    if query.treatment_authorization_number.is_some() {
        Some(by_treatment_authorization)
    } else if query.referral_number.is_some() {
        Some(by_referral)
    } else {
        query.member_id.as_ref().map(|_| by_member)
    }
}

fn few_given(query: &Worklist) -> Vec<Value<'static>> {
    // A bit a state.
    let states = states(query).fold(0_i64, |bits, state| bits | 1 << state_code(state));
    let [after_due, after_at] = after(query);
    vec![
        query
            .member_id
            .as_ref()
            .map(|id| id.as_str().to_owned())
            .into(),
        query.referral_number.clone().into(),
        query.treatment_authorization_number.clone().into(),
        states.into(),
        query.due_before.map(instant_column).into(),
        after_due,
        after_at,
        limit(query),
    ]
}
