//! Which cases come next in the worklist, without sorting the table?
//!
//! A worklist by state merges one keyset scan a state and lane of the index: cases with a clock that runs, and those
//! without. A worklist by member, RAF or TAR number sorts the few cases that it is about.

use deadpool_postgres::{GenericClient, Object};
use tokio_postgres::IsolationLevel;
use tokio_postgres::Row;
use uuid::Uuid;

use super::database::rows;
use super::error::unavailable;
use super::query;
use super::rows::Columns;
use crate::codes::{
    NO_CLOCK_US, STATES, instant_column, limit_column, position_column, state_code,
};
use crate::{Page, Place, StoreError, Worklist};
use second_opinion_rules::case::{Case, Cin};

/// A page of a worklist, as of one commit.
pub(super) async fn list(client: &mut Object, query: &Worklist) -> Result<Page, StoreError> {
    // One snapshot: the places and the cases at them are of the same commit. Dropped on the way it is rolled back.
    let snapshot = client
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await
        .map_err(|error| unavailable(&error))?;
    let mut places = if is_about_someone(query) {
        few(&snapshot, query).await?
    } else {
        merged(&snapshot, query).await?
    };
    let more = places.len() > query.limit;
    places.truncate(query.limit);
    let cases = cases(&snapshot, &places).await?;
    snapshot
        .commit()
        .await
        .map_err(|error| unavailable(&error))?;
    Ok(Page {
        cases,
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

/// The first places of each state and lane: those that share the last page's instant, then those beyond it. One scan for
/// both would begin at the instant and step over all that were shown, which without a clock is every case.
///
/// A clock that runs is due no earlier than the first of all clocks: what is due before an instant stands before it.
pub(super) const LANES_SQL: &str = "SELECT place.first_due_us, place.opened_at
    FROM unnest($1::smallint[], $2::smallint[]) AS lane (state, stopped) CROSS JOIN LATERAL (
        (SELECT c.first_due_us, c.opened_at FROM cases c
            WHERE c.state = lane.state AND c.stopped = lane.stopped AND c.first_due_us = $3 AND c.opened_at > $4
                AND ($6::bigint IS NULL OR c.due_at_us < $6)
            ORDER BY c.opened_at LIMIT $7)
        UNION ALL
        (SELECT c.first_due_us, c.opened_at FROM cases c
            WHERE c.state = lane.state AND c.stopped = lane.stopped AND c.first_due_us > $3 AND c.first_due_us <= $5
                AND ($6::bigint IS NULL OR c.due_at_us < $6)
            ORDER BY c.first_due_us, c.opened_at LIMIT $7)) AS place";

async fn merged(client: &impl GenericClient, query: &Worklist) -> Result<Vec<Place>, StoreError> {
    // Only a clock that runs is due before an instant.
    let kinds: &[i16] = match query.due_before {
        Some(_) => &[0],
        None => &[0, 1],
    };
    let lanes = states(query).flat_map(|state| kinds.iter().map(move |kind| (state, *kind)));
    let (states, stopped): (Vec<i16>, Vec<i16>) = lanes.unzip();
    let before = query.due_before.map(instant_column);
    let last = before.unwrap_or(NO_CLOCK_US);
    let (after_due, after_opened) = after(query);
    let limit = limit_column(one_more(query));
    let found = rows(
        client,
        LANES_SQL,
        &[
            &states,
            &stopped,
            &after_due,
            &after_opened,
            &last,
            &before,
            &limit,
        ],
    )
    .await?;
    let mut places = found.iter().map(place).collect::<Result<Vec<_>, _>>()?;
    places.sort_unstable();
    places.truncate(one_more(query));
    Ok(places)
}

/// The statement that finds few cases by one way in. The condition of a partial index stands in
/// its way in, or the index would not be used.
macro_rules! few_by {
    ($way_in:literal) => {
        concat!(
            "SELECT first_due_us, opened_at FROM cases WHERE ",
            $way_in,
            " AND ($1::text IS NULL OR member_id = $1) AND ($2::text IS NULL OR referral_number = $2)
             AND ($3::text IS NULL OR treatment_authorization_number = $3) AND state = ANY($4)
             AND ($5::bigint IS NULL OR due_at_us < $5) AND (first_due_us, opened_at) > ($6, $7)
             ORDER BY first_due_us, opened_at LIMIT $8"
        )
    };
}

/// One statement a way in, so that each uses its own index; what else is asked for is looked at on the row.
const BY_MEMBER: &str = few_by!("member_id = $1");
const BY_REFERRAL: &str = few_by!("referral_number = $2 AND referral_number <> ''");
const BY_TREATMENT_AUTHORIZATION: &str =
    few_by!("treatment_authorization_number = $3 AND treatment_authorization_number <> ''");
#[cfg(test)]
pub(super) const FEW_SQL: [&str; 3] = [BY_MEMBER, BY_REFERRAL, BY_TREATMENT_AUTHORIZATION];

/// The places of the cases of one member, or with one RAF or TAR number.
async fn few(client: &impl GenericClient, query: &Worklist) -> Result<Vec<Place>, StoreError> {
    let sql = if query.treatment_authorization_number.is_some() {
        BY_TREATMENT_AUTHORIZATION
    } else if query.referral_number.is_some() {
        BY_REFERRAL
    } else {
        BY_MEMBER
    };
    let (after_due, after_opened) = after(query);
    let found = rows(
        client,
        sql,
        &[
            &query.member_id.as_ref().map(Cin::as_str),
            &query.referral_number,
            &query.treatment_authorization_number,
            &states(query).collect::<Vec<_>>(),
            &query.due_before.map(instant_column),
            &after_due,
            &after_opened,
            &limit_column(one_more(query)),
        ],
    )
    .await?;
    found.iter().map(place).collect()
}

async fn cases(client: &impl GenericClient, places: &[Place]) -> Result<Vec<Case>, StoreError> {
    const SQL: &str = "SELECT c.id, c.version, c.created_at_us, c.updated_at_us, c.head, c.command_head,
            c.last_position, c.snapshot
        FROM unnest($1::bigint[]) WITH ORDINALITY AS place (opened_at, at) JOIN cases c USING (opened_at)
        ORDER BY place.at";
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let opened: Vec<i64> = places
        .iter()
        .map(|place| position_column(place.opened_at))
        .collect();
    let mut cases = Vec::with_capacity(places.len());
    for row in &rows(client, SQL, &[&opened]).await? {
        cases.push(query::case_in(client, row).await?);
    }
    Ok(cases)
}

/// Each state asked for, once; every one where none is named.
fn states(query: &Worklist) -> impl Iterator<Item = i16> {
    STATES
        .into_iter()
        .filter(|state| query.states.is_empty() || query.states.contains(state))
        .map(state_code)
}

fn after(query: &Worklist) -> (i64, i64) {
    query.after.map_or((i64::MIN, 0), |place| {
        (place.first_due_us, position_column(place.opened_at))
    })
}

fn place(row: &Row) -> Result<Place, StoreError> {
    let columns = Columns::of(Uuid::nil(), row);
    Ok(Place {
        first_due_us: columns.get("first_due_us")?,
        opened_at: columns.position("opened_at")?,
    })
}
