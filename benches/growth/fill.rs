//! Fills a store with millions of cases within minutes, by copying seed cases with SQL.
//!
//! Every seed row is copied to the next positions, with its own ids, member, referral numbers, request id and due instant.
//! Ids of cases and letters increase with the positions, as in the service; request ids are random, which is the worst case
//! for their index. Digests, snapshots and letters are copied unchanged.

use std::time::Instant;

use crate::process::ServerProcess;
use crate::seed::{self, SEEDS};
use crate::stores::StoreConnection;

/// Copies of the seeds per statement.
const COPIES_PER_STATEMENT: u64 = 100;

/// The SQL that differs between the two databases.
pub struct Dialect {
    /// `%SERIES%` and `%COPIES%`: a table `copies (k)` with the numbers from `$FROM` to `$TO`.
    pub series: [&'static str; 2],
    /// A UUID that increases with the number `$AT`.
    pub id: &'static str,
    /// The number `$AT` as eight digits.
    pub digits: &'static str,
    pub random_id: &'static str,
    /// A join of each copy with all rows of the seed table `$SEEDS`, in order.
    pub each: &'static str,
}

pub const SQLITE: Dialect = Dialect {
    series: [
        "WITH RECURSIVE copies(k) AS (SELECT $FROM UNION ALL SELECT k + 1 FROM copies WHERE k < $TO) ",
        "copies",
    ],
    id: "unhex(printf('%012x', $AT) || '70008000000000000000')",
    digits: "printf('%08d', $AT)",
    random_id: "randomblob(16)",
    each: "CROSS JOIN $SEEDS s",
};

pub const POSTGRES: Dialect = Dialect {
    series: ["", "generate_series($FROM, $TO) copies (k)"],
    id: "(lpad(to_hex($AT), 12, '0') || '70008000000000000000')::uuid",
    digits: "lpad(($AT)::text, 8, '0')",
    random_id: "gen_random_uuid()",
    each: "CROSS JOIN LATERAL (SELECT * FROM $SEEDS ORDER BY nth OFFSET 0) s",
};

/// Copies the seed rows to temporary tables, which last as long as the connection.
pub const SEEDS_SQL: &str = "
    CREATE TEMPORARY TABLE seed_events AS SELECT position AS nth, e.* FROM events e;
    CREATE TEMPORARY TABLE seed_cases AS SELECT opened_at AS nth, c.* FROM cases c;
    CREATE TEMPORARY TABLE seed_notices AS SELECT row_number() OVER (ORDER BY opened_at, notice_id) AS nth, n.* FROM notices n;";

/// Moves the head after the last copy. The digest stays, and later commits continue from it.
pub const HEAD_SQL: &str = "UPDATE log_head SET position = (SELECT max(position) FROM events)";

/// Counts the seed events and letters.
pub const COUNTS_SQL: &str =
    "SELECT (SELECT max(position) FROM events), (SELECT count(*) FROM notices)";

/// Fills an empty store.
pub async fn fill(url: &str, cases: u64) {
    let store = StoreConnection::create(url).await;
    let data = tempfile::tempdir().expect("a folder");
    let server = ServerProcess::service(data.path(), Some(url)).await;
    seed::submit_seeds(&server).await;
    drop(server);
    let copies = (cases / SEEDS).saturating_sub(1);
    let began = Instant::now();
    let (events, notices) = store.begin_filling().await;
    let mut from = 1;
    while from <= copies {
        let to = copies.min(from + COPIES_PER_STATEMENT - 1);
        for sql in copy_statements(store.dialect(), from, to, events, notices) {
            store.execute(&sql).await;
        }
        from = to + 1;
        let (filled, seconds) = (from * SEEDS, began.elapsed().as_secs());
        if to == copies || to.is_multiple_of(10 * COPIES_PER_STATEMENT) {
            eprintln!("{filled} cases after {seconds} s");
        }
    }
    store.end_filling().await;
    let seconds = began.elapsed().as_secs();
    eprintln!("{url}: {} cases after {seconds} s", store.cases().await);
}

/// The statements that insert copies `from` to `to`.
fn copy_statements(
    dialect: &Dialect,
    from: u64,
    to: u64,
    events: i64,
    notices: i64,
) -> [String; 3] {
    let expand = |sql: &str| {
        let opened = format!("s.opened_at + copies.k * {events}");
        let id = |number: &str| dialect.id.replace("$AT", number);
        let digits = |number: &str| dialect.digits.replace("$AT", number);
        sql.replace("%SERIES%", dialect.series[0])
            .replace("%COPIES%", dialect.series[1])
            .replace("%EACH%", dialect.each)
            // Whole seconds spread over 30 days, so that no case becomes overdue during the measurement.
            .replace(
                "%LATER%",
                "(copies.k * 7919 + s.opened_at * 104729) % 2592000 * 1000000",
            )
            .replace("%CASE_ID%", &id(&opened))
            .replace("%NOTICE_ID%", &id(&format!("s.nth + copies.k * {notices}")))
            .replace("%REQUEST_ID%", dialect.random_id)
            // About three cases per member.
            .replace("%MEMBER%", &digits(&format!("({opened}) / 5 % 90000000")))
            .replace("%NUMBER%", &digits(&opened))
            .replace("%OPENED%", &opened)
            .replace("%FURTHER%", &format!("copies.k * {events}"))
            .replace("$FROM", &from.to_string())
            .replace("$TO", &to.to_string())
    };
    [
        expand(&EVENTS_SQL.replace("%EACH%", &dialect.each.replace("$SEEDS", "seed_events"))),
        expand(&CASES_SQL.replace("%EACH%", &dialect.each.replace("$SEEDS", "seed_cases"))),
        expand(&NOTICES_SQL.replace("%EACH%", &dialect.each.replace("$SEEDS", "seed_notices"))),
    ]
}

const EVENTS_SQL: &str = "%SERIES%
INSERT INTO events (position, opened_at, occurred_at_us, previous_position, due_at_us, state, urgency, kind, version,
    determination_id, sha256, request_id, caller, content, bytes)
SELECT s.position + %FURTHER%, %OPENED%, s.occurred_at_us, s.previous_position + %FURTHER%, s.due_at_us + %LATER%, s.state,
    s.urgency, s.kind, s.version, %CASE_ID%, s.sha256, CASE WHEN s.request_id IS NOT NULL THEN %REQUEST_ID% END, s.caller,
    s.content, s.bytes
FROM %COPIES% %EACH%";

const CASES_SQL: &str = "%SERIES%
INSERT INTO cases (opened_at, first_due_us, due_at_us, sweep_at_us, created_at_us, updated_at_us, last_position, version, state,
    urgency, id, member_id, referral_number, treatment_authorization_number, head, command_head, snapshot,
    determination_due_us, member_notification_due_us, provider_notification_due_us, undecided_since_us)
SELECT %OPENED%, CASE s.first_due_us WHEN 9223372036854775807 THEN s.first_due_us ELSE s.first_due_us + %LATER% END,
    s.due_at_us + %LATER%, s.sweep_at_us + %LATER%, s.created_at_us, s.updated_at_us, s.last_position + %FURTHER%, s.version,
    s.state, s.urgency, %CASE_ID%, %MEMBER% || 'A',
    CASE s.referral_number WHEN '' THEN '' ELSE 'RAF-' || %NUMBER% END,
    CASE s.treatment_authorization_number WHEN '' THEN '' ELSE 'TAR-' || %NUMBER% END, s.head, s.command_head, s.snapshot,
    s.determination_due_us + %LATER%, s.member_notification_due_us + %LATER%, s.provider_notification_due_us + %LATER%,
    s.undecided_since_us
FROM %COPIES% %EACH%";

const NOTICES_SQL: &str = "%SERIES%
INSERT INTO notices (notice_id, opened_at, reference, bytes)
SELECT %NOTICE_ID%, %OPENED%, s.reference, s.bytes FROM %COPIES% %EACH%";
