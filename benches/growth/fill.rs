//! How does a store get as many cases as that, within minutes?
//!
//! Every row of the seeds is repeated with the next positions, and with ids, members, numbers, request ids and due instants of
//! its own. Ids of cases and letters rise with the positions, as those of the service do; request ids are random, which is
//! the most that an index on them can be asked for. Digests, files and letters are those of the seeds.

use std::time::Instant;

use crate::process::Program;
use crate::seed::{self, SEEDS};
use crate::stores::Stored;

/// As many copies of the seeds are made by one statement.
const CHUNK: u64 = 100;

/// What differs from one database to the other.
pub struct Dialect {
    /// `%SERIES%`: a table `copies (k)` of the numbers of the copies; `$FROM`, `$TO`.
    pub series: [&'static str; 2],
    /// An id that rises with a number; `$AT`.
    pub id: &'static str,
    /// Eight digits of a number; `$AT`.
    pub digits: &'static str,
    pub random_id: &'static str,
    /// All seeds of a table, in order, for each copy; `$SEEDS`.
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

/// The seeds, kept beside what is filled for as long as the connection lasts.
pub const SEEDS_SQL: &str = "
    CREATE TEMPORARY TABLE seed_events AS SELECT position AS nth, e.* FROM events e;
    CREATE TEMPORARY TABLE seed_cases AS SELECT opened_at AS nth, c.* FROM cases c;
    CREATE TEMPORARY TABLE seed_notices AS SELECT row_number() OVER (ORDER BY opened_at, notice_id) AS nth, n.* FROM notices n;";

/// Behind the last copy. The digest stays: what is committed afterwards rolls on from it.
pub const HEAD_SQL: &str = "UPDATE log_head SET position = (SELECT max(position) FROM events)";

/// Counts what the seeds are.
pub const COUNTS_SQL: &str =
    "SELECT (SELECT max(position) FROM events), (SELECT count(*) FROM notices)";

/// Fills an empty store.
pub async fn fill(url: &str, cases: u64) {
    let stored = Stored::empty(url).await;
    let data = tempfile::tempdir().expect("a folder");
    let server = Program::server(data.path(), Some(url)).await;
    seed::make(&server).await;
    drop(server);
    let copies = (cases / SEEDS).saturating_sub(1);
    let began = Instant::now();
    let (events, notices) = stored.begin_filling().await;
    let mut from = 1;
    while from <= copies {
        let to = copies.min(from + CHUNK - 1);
        for sql in chunk(stored.dialect(), from, to, events, notices) {
            stored.execute(&sql).await;
        }
        from = to + 1;
        let (made, took) = (from * SEEDS, began.elapsed().as_secs());
        if to == copies || to.is_multiple_of(10 * CHUNK) {
            eprintln!("{made} cases after {took} s");
        }
    }
    stored.end_filling().await;
    let took = began.elapsed().as_secs();
    eprintln!("{url}: {} cases after {took} s", stored.cases().await);
}

/// The statements that make some of the copies.
fn chunk(dialect: &Dialect, from: u64, to: u64, events: i64, notices: i64) -> [String; 3] {
    let filled = |sql: &str| {
        let opened = format!("s.opened_at + copies.k * {events}");
        let id = |number: &str| dialect.id.replace("$AT", number);
        let digits = |number: &str| dialect.digits.replace("$AT", number);
        sql.replace("%SERIES%", dialect.series[0])
            .replace("%COPIES%", dialect.series[1])
            .replace("%EACH%", dialect.each)
            // Within 30 days, to the second, and spread over all of them: none is overdue while calls are measured.
            .replace(
                "%LATER%",
                "(copies.k * 7919 + s.opened_at * 104729) % 2592000 * 1000000",
            )
            .replace("%CASE_ID%", &id(&opened))
            .replace("%NOTICE_ID%", &id(&format!("s.nth + copies.k * {notices}")))
            .replace("%REQUEST_ID%", dialect.random_id)
            // Some three cases a member.
            .replace("%MEMBER%", &digits(&format!("({opened}) / 5 % 90000000")))
            .replace("%NUMBER%", &digits(&opened))
            .replace("%OPENED%", &opened)
            .replace("%FURTHER%", &format!("copies.k * {events}"))
            .replace("$FROM", &from.to_string())
            .replace("$TO", &to.to_string())
    };
    [
        filled(&EVENTS_SQL.replace("%EACH%", &dialect.each.replace("$SEEDS", "seed_events"))),
        filled(&CASES_SQL.replace("%EACH%", &dialect.each.replace("$SEEDS", "seed_cases"))),
        filled(&NOTICES_SQL.replace("%EACH%", &dialect.each.replace("$SEEDS", "seed_notices"))),
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
    urgency, id, member_id, referral_number, treatment_authorization_number, head, command_head, snapshot)
SELECT %OPENED%, CASE s.first_due_us WHEN 9223372036854775807 THEN s.first_due_us ELSE s.first_due_us + %LATER% END,
    s.due_at_us + %LATER%, s.sweep_at_us + %LATER%, s.created_at_us, s.updated_at_us, s.last_position + %FURTHER%, s.version,
    s.state, s.urgency, %CASE_ID%, %MEMBER% || 'A',
    CASE s.referral_number WHEN '' THEN '' ELSE 'RAF-' || %NUMBER% END,
    CASE s.treatment_authorization_number WHEN '' THEN '' ELSE 'TAR-' || %NUMBER% END, s.head, s.command_head, s.snapshot
FROM %COPIES% %EACH%";

const NOTICES_SQL: &str = "%SERIES%
INSERT INTO notices (notice_id, opened_at, reference, bytes)
SELECT %NOTICE_ID%, %OPENED%, s.reference, s.bytes FROM %COPIES% %EACH%";
