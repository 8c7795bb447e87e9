//! Tests of query plans: the database finds by its indexes, without sorting and without reading a whole table.

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use super::pool::Pool;
use super::session::Purpose;
use super::{schema, transaction};
use crate::Worklist;
use crate::open_cases::OPEN_CASES_SQL;
use crate::queries;
use crate::worklist::{FEW_SQL, by_state_sql};

/// The number of cases, with two events each.
const CASES: i64 = 20_000;

/// A connection with the settings of the store's readers, and a filled schema of its own.
async fn filled() -> Client {
    let url = std::env::var("SECOND_OPINION_TEST_POSTGRES").expect("the URL of a server");
    let name = format!("plans_{}", std::process::id());
    let (client, connection) = tokio_postgres::connect(&url, NoTls)
        .await
        .expect("a connection");
    tokio::spawn(connection);
    let made = format!(
        "DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}; SET search_path = {name}"
    );
    client.batch_execute(&made).await.expect("a schema");
    let separator = if url.contains('?') { '&' } else { '?' };
    let there = format!("{url}{separator}options=-csearch_path%3D{name}");
    schema::migrate(&there).await.expect("migrated");
    let fill = format!(
        "INSERT INTO events (position, opened_at, occurred_at_us, previous_position, due_at_us, state, urgency, kind,
             version, determination_id, sha256, request_id, caller, content, bytes)
         SELECT n, (n + 1) / 2 * 2 - 1, n, CASE n % 2 WHEN 0 THEN n - 1 END, n, 2, 1, 1, 2 - n % 2,
             md5('case' || (n + 1) / 2)::uuid, decode(md5(n::text), 'hex'), md5('request' || n)::uuid, 'caller ' || n % 9,
             decode(md5(n::text), 'hex'), decode(repeat(md5(n::text), 40), 'hex')
         FROM generate_series(1, 2 * {CASES}) n;
         INSERT INTO cases (opened_at, first_due_us, due_at_us, created_at_us, updated_at_us, last_position, version,
             state, urgency, id, member_id, referral_number, treatment_authorization_number, head, command_head, snapshot,
             sweep_at_us, member_notification_due_us)
         SELECT 2 * n - 1, CASE n % 4 WHEN 0 THEN 9223372036854775807 ELSE n * 7919 % 5000 END,
             CASE n % 3 WHEN 0 THEN NULL ELSE n * 7919 % 5000 END, n, n, 2 * n, 2, 1 + n % 5, 1 + n % 2,
             md5('case' || n)::uuid, 'member ' || n % 5000, 'RAF-' || n, '', decode(md5(n::text), 'hex'),
             decode(md5(n::text), 'hex'), decode(repeat(md5(n::text), 40), 'hex'),
             CASE n % 3 WHEN 0 THEN NULL ELSE n * 7919 % 5000 END, CASE n % 3 WHEN 0 THEN NULL ELSE n * 7919 % 5000 END
         FROM generate_series(1, {CASES}) n"
    );
    client.batch_execute(&fill).await.expect("filled");
    // As autovacuum does: an index is read alone where its pages are known to be visible to all.
    let vacuumed = client.batch_execute("VACUUM ANALYZE events, cases").await;
    vacuumed.expect("vacuumed");
    client
        .batch_execute(Purpose::Reading.settings())
        .await
        .expect("set");
    client
}

/// The plan of a query.
async fn plan(client: &Client, sql: &str, given: &[&(dyn ToSql + Sync)]) -> String {
    let rows = client.query(&format!("EXPLAIN {sql}"), given).await;
    let rows = rows.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let lines = rows.iter().map(|row| row.get::<_, String>(0));
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn queries_use_indexes_and_sort_nothing() {
    let client = filled().await;
    let id = Uuid::nil();
    let (ids, callers) = (vec![id; 200], vec!["caller 1"; 200]);
    let (first, deep, none) = ((i64::MIN, 0_i64), (4_000_i64, 30_000_i64), None::<i64>);
    let (before, due) = (2_000_i64, Some(2_000_i64));
    let limit = 51_i64;
    let by_state = by_state_sql::<Pool>(&Worklist::default());
    let page = async |after: (i64, i64), last: i64, due: Option<i64>| {
        let given: [&(dyn ToSql + Sync); 5] = [&after.0, &after.1, &last, &due, &limit];
        plan(&client, &by_state, &given).await
    };
    for plan in [
        page(first, i64::MAX, none).await,
        page(deep, i64::MAX, none).await,
        page(first, before, due).await,
    ] {
        let by_index = plan.contains("using cases_worklist") && !plan.contains("Seq Scan");
        // The scans' first places are sorted once.
        assert!(by_index && plan.matches("Sort Key").count() == 1, "{plan}");
    }
    let plans = [
        (
            "a case by its id",
            plan(&client, queries::CASE_SQL, &[&id]).await,
        ),
        (
            "a request by its id",
            plan(&client, queries::REPLAY_SQL, &[&id, &"caller 1"]).await,
        ),
        (
            "a group's requests by their ids",
            plan(&client, transaction::REPLAYS_SQL, &[&ids, &callers]).await,
        ),
        (
            "a page of the log",
            plan(&client, queries::LOG_SQL, &[&30_000_i64, &256_i64]).await,
        ),
        (
            "the cases for the sweeper",
            plan(&client, queries::SWEEP_SQL, &[&before, &100_i64]).await,
        ),
        (
            "the open cases",
            plan(
                &client,
                OPEN_CASES_SQL,
                &[&before, &before, &before, &before],
            )
            .await,
        ),
        (
            "a case's history",
            plan(&client, queries::WALK_SQL, &[&30_000_i64]).await,
        ),
    ];
    for (what, plan) in &plans {
        assert!(plan.contains("Index"), "{what}:\n{plan}");
        for word in ["Sort", "Seq Scan"] {
            assert!(!plan.contains(word), "{what}:\n{plan}");
        }
    }
    for sql in FEW_SQL {
        let (text, states) = (Some("RAF-7"), 0b110_i64);
        let given: [&(dyn ToSql + Sync); 8] = [
            &text, &text, &text, &states, &none, &first.0, &first.1, &limit,
        ];
        // The few cases that it finds by an index it sorts.
        let plan = plan(&client, sql, &given).await;
        let by_index = plan.contains("Index") && !plan.contains("Seq Scan");
        assert!(by_index, "{plan}");
    }
    let writable = "SET default_transaction_read_only = off";
    client.batch_execute(writable).await.expect("set");
    let dropped = format!("DROP SCHEMA plans_{} CASCADE", std::process::id());
    client.batch_execute(&dropped).await.expect("dropped");
}
