//! Worklists: pages of cases in the order of their due instants, found without sorting the table.

use deadpool_postgres::{GenericClient, Object};
use tokio_postgres::IsolationLevel;

use super::error::unavailable;
use super::query::{self, rows};
use crate::codes::position_column;
use crate::queries::{case_columns, place};
use crate::worklist::{Bounds, cut, few_sql, merge, page, scans, state_bits};
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
    let mut places = match few_sql(query) {
        Some(sql) => few(&snapshot, sql, query).await?,
        None => by_state(&snapshot, query).await?,
    };
    let more = cut(query, &mut places);
    let cases = cases(&snapshot, &places).await?;
    snapshot
        .commit()
        .await
        .map_err(|error| unavailable(&error))?;
    Ok(page(cases, &places, more))
}

/// The first places of each scan: those that share the last page's instant, then those beyond it. One condition for both
/// would begin at the instant and step over all that were shown, which without a clock is every case.
pub(super) const SCANS_SQL: &str = "SELECT place.first_due_us, place.opened_at
    FROM unnest($1::smallint[], $2::smallint[]) AS scan (state, stopped) CROSS JOIN LATERAL (
        (SELECT c.first_due_us, c.opened_at FROM cases c
            WHERE c.state = scan.state AND c.stopped = scan.stopped AND c.first_due_us = $3 AND c.opened_at > $4
                AND ($6::bigint IS NULL OR c.due_at_us < $6)
            ORDER BY c.opened_at LIMIT $7)
        UNION ALL
        (SELECT c.first_due_us, c.opened_at FROM cases c
            WHERE c.state = scan.state AND c.stopped = scan.stopped AND c.first_due_us > $3 AND c.first_due_us <= $5
                AND ($6::bigint IS NULL OR c.due_at_us < $6)
            ORDER BY c.first_due_us, c.opened_at LIMIT $7)) AS place";

async fn by_state(client: &impl GenericClient, query: &Worklist) -> Result<Vec<Place>, StoreError> {
    let (states, stopped): (Vec<i16>, Vec<i16>) = scans(query).unzip();
    let bounds = Bounds::of(query);
    let found = rows(
        client,
        SCANS_SQL,
        &[
            &states,
            &stopped,
            &bounds.after_due,
            &bounds.after_opened,
            &bounds.last_due,
            &bounds.due_before,
            &bounds.limit,
        ],
    )
    .await?;
    let places = found
        .iter()
        .map(|row| place(row))
        .collect::<Result<_, _>>()?;
    Ok(merge(query, places))
}

/// The places of the cases of one member, or with one RAF or TAR number.
async fn few(
    client: &impl GenericClient,
    sql: &str,
    query: &Worklist,
) -> Result<Vec<Place>, StoreError> {
    let bounds = Bounds::of(query);
    let found = rows(
        client,
        sql,
        &[
            &query.member_id.as_ref().map(Cin::as_str),
            &query.referral_number,
            &query.treatment_authorization_number,
            &state_bits(query),
            &bounds.due_before,
            &bounds.after_due,
            &bounds.after_opened,
            &bounds.limit,
        ],
    )
    .await?;
    found.iter().map(|row| place(row)).collect()
}

async fn cases(client: &impl GenericClient, places: &[Place]) -> Result<Vec<Case>, StoreError> {
    const SQL: &str = concat!(
        "SELECT ",
        case_columns!(),
        " FROM unnest($1::bigint[]) WITH ORDINALITY AS place (opened_at, at) JOIN cases USING (opened_at)
        ORDER BY place.at"
    );
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
