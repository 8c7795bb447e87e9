//! Which cases come next in the worklist, without sorting the table?
//!
//! A worklist by state merges one keyset scan a state and lane of the index: cases with a clock that runs, and those
//! without. A worklist by member, RAF or TAR number sorts the few cases that it is about.

use rusqlite::{Connection, Row, params};

use super::query;
use super::rows::{Columns, unavailable};
use crate::codes::{NO_CLOCK_US, STATES, limit_column, position_column, state_code};
use crate::{Page, Place, StoreError, Worklist};
use second_opinion_rules::case::{Case, State};

/// A page of a worklist, as of one commit.
pub(super) fn list(connection: &Connection, query: &Worklist) -> Result<Page, StoreError> {
    // One transaction: the places and the cases at them are of the same commit.
    let snapshot = connection
        .unchecked_transaction()
        .map_err(|error| unavailable(&error))?;
    let mut places = if is_about_someone(query) {
        few(&snapshot, query)?
    } else {
        merged(&snapshot, query)?
    };
    let more = places.len() > query.limit;
    places.truncate(query.limit);
    Ok(Page {
        cases: cases(&snapshot, &places)?,
        next: places.last().copied().filter(|_| more),
    })
}

fn is_about_someone(query: &Worklist) -> bool {
    query.member_id.is_some()
        || query.referral_number.is_some()
        || query.treatment_authorization_number.is_some()
}

/// One more place than a page takes, so that it shows whether there is another page.
fn one_more(query: &Worklist) -> usize {
    query.limit.saturating_add(1)
}

/// The first places of each state and lane, merged.
fn merged(connection: &Connection, query: &Worklist) -> Result<Vec<Place>, StoreError> {
    // Only a clock that runs is due before an instant.
    let lanes: &[bool] = match query.due_before {
        Some(_) => &[false],
        None => &[false, true],
    };
    let mut places = Vec::new();
    for state in states(query) {
        for without_clock in lanes {
            places.extend(lane(connection, query, state, *without_clock)?);
        }
    }
    places.sort_unstable();
    places.truncate(one_more(query));
    Ok(places)
}

/// The first places of one lane: those that share the last page's instant, then those beyond it. One statement for
/// both would begin at the instant and step over all that were shown, which without a clock is every case.
fn lane(
    connection: &Connection,
    query: &Worklist,
    state: State,
    without_clock: bool,
) -> Result<Vec<Place>, StoreError> {
    const SHARED_SQL: &str = "SELECT first_due_us, opened_at FROM cases
        WHERE state = ?1 AND (due_at_us IS NULL) = ?2 AND first_due_us = ?3 AND opened_at > ?4
            AND (?5 IS NULL OR due_at_us < ?5)
        ORDER BY opened_at LIMIT ?6";
    // A clock that runs is due no earlier than the first of all clocks: what is due before an instant stands before it.
    const BEYOND_SQL: &str = "SELECT first_due_us, opened_at FROM cases
        WHERE state = ?1 AND (due_at_us IS NULL) = ?2 AND first_due_us > ?3 AND first_due_us <= ?4
            AND (?5 IS NULL OR due_at_us < ?5)
        ORDER BY first_due_us, opened_at LIMIT ?6";
    let state = state_code(state);
    let before = query.due_before.map(|before| before.timestamp_micros());
    let (after_due, after_opened) = after(query);
    let mut places = Vec::new();
    if query.after.is_some() {
        let limit = limit_column(one_more(query));
        let given = params![state, without_clock, after_due, after_opened, before, limit];
        places = query::all(connection, SHARED_SQL, given, place)?;
    }
    let more = one_more(query).saturating_sub(places.len());
    if more > 0 {
        let last = before.unwrap_or(NO_CLOCK_US);
        let limit = limit_column(more);
        let given = params![state, without_clock, after_due, last, before, limit];
        places.extend(query::all(connection, BEYOND_SQL, given, place)?);
    }
    Ok(places)
}

/// The statement that finds few cases by one way in. The condition of a partial index stands in
/// its way in, or the index would not be used.
macro_rules! few_by {
    ($way_in:literal) => {
        concat!(
            "SELECT first_due_us, opened_at FROM cases WHERE ",
            $way_in,
            " AND (?1 IS NULL OR member_id = ?1) AND (?2 IS NULL OR referral_number = ?2)
             AND (?3 IS NULL OR treatment_authorization_number = ?3) AND (?4 >> state) & 1
             AND (?5 IS NULL OR due_at_us < ?5) AND (first_due_us, opened_at) > (?6, ?7)
             ORDER BY first_due_us, opened_at LIMIT ?8"
        )
    };
}

/// The places of the cases of one member, or with one RAF or TAR number.
fn few(connection: &Connection, query: &Worklist) -> Result<Vec<Place>, StoreError> {
    // One statement a way in, so that each uses its own index; what else is asked for is looked at on the row.
    const BY_MEMBER: &str = few_by!("member_id = ?1");
    const BY_REFERRAL: &str = few_by!("referral_number = ?2 AND referral_number <> ''");
    const BY_TREATMENT_AUTHORIZATION: &str =
        few_by!("treatment_authorization_number = ?3 AND treatment_authorization_number <> ''");
    let sql = if query.treatment_authorization_number.is_some() {
        BY_TREATMENT_AUTHORIZATION
    } else if query.referral_number.is_some() {
        BY_REFERRAL
    } else {
        BY_MEMBER
    };
    let wanted = states(query).fold(0_i64, |set, state| set | 1 << state_code(state));
    let (after_due, after_opened) = after(query);
    let given = params![
        query
            .member_id
            .as_ref()
            .map(second_opinion_rules::case::Cin::as_str),
        query.referral_number,
        query.treatment_authorization_number,
        wanted,
        query.due_before.map(|before| before.timestamp_micros()),
        after_due,
        after_opened,
        limit_column(one_more(query)),
    ];
    query::all(connection, sql, given, place)
}

fn cases(connection: &Connection, places: &[Place]) -> Result<Vec<Case>, StoreError> {
    const SQL: &str = "SELECT id, version, created_at_us, updated_at_us, head, command_head, last_position, snapshot
        FROM cases WHERE opened_at = ?1";
    let mut cases = Vec::with_capacity(places.len());
    for place in places {
        let given = params![position_column(place.opened_at)];
        cases.extend(query::all(connection, SQL, given, |row| {
            query::case_in(connection, row)
        })?);
    }
    Ok(cases)
}

/// Each state asked for, once; every one where none is named.
fn states(query: &Worklist) -> impl Iterator<Item = State> {
    STATES
        .into_iter()
        .filter(|state| query.states.is_empty() || query.states.contains(state))
}

fn after(query: &Worklist) -> (i64, i64) {
    query.after.map_or((i64::MIN, 0), |place| {
        (place.first_due_us, position_column(place.opened_at))
    })
}

fn place(row: &Row<'_>) -> Result<Place, StoreError> {
    let columns = Columns::of(uuid::Uuid::nil(), row);
    Ok(Place {
        first_due_us: columns.get("first_due_us")?,
        opened_at: columns.position("opened_at")?,
    })
}
