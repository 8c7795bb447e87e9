//! Worklists: pages of cases in the order of their due instants, found without sorting the table.

use rusqlite::{Connection, params};

use super::query::{self, all, unavailable};
use crate::codes::{limit_column, position_column};
use crate::queries::{case_columns, place};
use crate::worklist::{Bounds, cut, few_sql, merge, page, scans, state_bits};
use crate::{Page, Place, StoreError, Worklist};
use second_opinion_rules::case::{Case, Cin};

/// A page of a worklist, as of one commit.
pub(super) fn list(connection: &Connection, query: &Worklist) -> Result<Page, StoreError> {
    // One transaction: the places and the cases at them are of the same commit.
    let snapshot = connection
        .unchecked_transaction()
        .map_err(|error| unavailable(&error))?;
    let mut places = match few_sql(query) {
        Some(sql) => few(&snapshot, sql, query)?,
        None => by_state(&snapshot, query)?,
    };
    let more = cut(query, &mut places);
    Ok(page(cases(&snapshot, &places)?, &places, more))
}

/// The first places of each scan: those that share the last page's instant, then those beyond it. One condition for both
/// would begin at the instant and step over all that were shown, which without a clock is every case.
fn by_state(connection: &Connection, query: &Worklist) -> Result<Vec<Place>, StoreError> {
    const SHARED_SQL: &str = "SELECT first_due_us, opened_at FROM cases
        WHERE state = $1 AND (due_at_us IS NULL) = $2 AND first_due_us = $3 AND opened_at > $4
            AND ($5 IS NULL OR due_at_us < $5)
        ORDER BY opened_at LIMIT $6";
    const BEYOND_SQL: &str = "SELECT first_due_us, opened_at FROM cases
        WHERE state = $1 AND (due_at_us IS NULL) = $2 AND first_due_us > $3 AND first_due_us <= $4
            AND ($5 IS NULL OR due_at_us < $5)
        ORDER BY first_due_us, opened_at LIMIT $6";
    let Bounds {
        after_due,
        after_opened,
        due_before,
        last_due,
        limit,
    } = Bounds::of(query);
    let mut places = Vec::new();
    for (state, stopped) in scans(query) {
        let before = places.len();
        if query.after.is_some() {
            let given = params![state, stopped, after_due, after_opened, due_before, limit];
            places.extend(all(connection, SHARED_SQL, given, place)?);
        }
        let more = limit - limit_column(places.len() - before);
        if more > 0 {
            let given = params![state, stopped, after_due, last_due, due_before, more];
            places.extend(all(connection, BEYOND_SQL, given, place)?);
        }
    }
    Ok(merge(query, places))
}

/// The places of the cases of one member, or with one RAF or TAR number.
fn few(connection: &Connection, sql: &str, query: &Worklist) -> Result<Vec<Place>, StoreError> {
    let bounds = Bounds::of(query);
    let given = params![
        query.member_id.as_ref().map(Cin::as_str),
        query.referral_number,
        query.treatment_authorization_number,
        state_bits(query),
        bounds.due_before,
        bounds.after_due,
        bounds.after_opened,
        bounds.limit,
    ];
    all(connection, sql, given, place)
}

fn cases(connection: &Connection, places: &[Place]) -> Result<Vec<Case>, StoreError> {
    const SQL: &str = concat!(
        "SELECT ",
        case_columns!(),
        " FROM cases WHERE opened_at = $1"
    );
    let mut cases = Vec::with_capacity(places.len());
    for place in places {
        let given = params![position_column(place.opened_at)];
        cases.extend(all(connection, SQL, given, |row| {
            query::case_in(connection, row)
        })?);
    }
    Ok(cases)
}
