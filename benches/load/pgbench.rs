//! PostgreSQL's own benchmark, pgbench, inserting the rows of a submission statement by statement.
//!
//! It uses the service's tables with all their indexes, in a separate schema on the same server. It inserts copies of a row
//! that the service wrote, with increasing keys.

use std::io::Write as _;
use std::process::Command;
use std::time::Duration;

use second_opinion::store::postgres;
use tempfile::NamedTempFile;
use tokio_postgres::{Client, NoTls};

/// The command, as the table shows it.
pub const COMMAND: &str = "pgbench -M prepared -c 32 -j 2";

/// One transaction per request: the event with its idempotency record, and the case. Positions come from a sequence, which
/// takes no lock: they have gaps, and their order is not the order of commits.
pub const ROWS: &str = r"
BEGIN;
INSERT INTO events (position, opened_at, occurred_at_us, due_at_us, state, urgency, kind, version, determination_id, sha256,
    request_id, caller, content, bytes)
  VALUES (nextval('positions'), currval('positions'), :created_at_us, :due_at_us, :state, :urgency, 1, 1,
    (lpad(to_hex(currval('positions')), 12, '0') || '70008000000000000000')::uuid, :sha256,
    (lpad(to_hex(currval('positions')), 12, '0') || '70008000000000000001')::uuid, :caller, :content, :bytes)
  RETURNING position \gset
INSERT INTO cases (opened_at, first_due_us, due_at_us, created_at_us, updated_at_us, last_position, version, state, urgency, id,
    member_id, referral_number, treatment_authorization_number, head, command_head, snapshot, sweep_at_us)
  VALUES (:position, :first_due_us, :due_at_us, :created_at_us, :created_at_us, :position, 1, :state, :urgency,
    (lpad(to_hex(:position::bigint), 12, '0') || '70008000000000000000')::uuid, :member_id, :referral_number, '', :sha256, :sha256,
    :snapshot, :sweep_at_us);
COMMIT;
";

/// The same with the log's head row, for positions without gaps in the order of commits, as in the service.
pub const ROWS_AND_HEAD: &str = r"
BEGIN;
UPDATE log_head SET position = position + 1, digest = :sha256, occurred_at_us = :created_at_us RETURNING position \gset
INSERT INTO events (position, opened_at, occurred_at_us, due_at_us, state, urgency, kind, version, determination_id, sha256,
    request_id, caller, content, bytes)
  VALUES (:position, :position, :created_at_us, :due_at_us, :state, :urgency, 1, 1,
    (lpad(to_hex(:position::bigint), 12, '0') || '70008000000000000000')::uuid, :sha256,
    (lpad(to_hex(:position::bigint), 12, '0') || '70008000000000000001')::uuid, :caller, :content, :bytes);
INSERT INTO cases (opened_at, first_due_us, due_at_us, created_at_us, updated_at_us, last_position, version, state, urgency, id,
    member_id, referral_number, treatment_authorization_number, head, command_head, snapshot, sweep_at_us)
  VALUES (:position, :first_due_us, :due_at_us, :created_at_us, :created_at_us, :position, 1, :state, :urgency,
    (lpad(to_hex(:position::bigint), 12, '0') || '70008000000000000000')::uuid, :member_id, :referral_number, '', :sha256, :sha256,
    :snapshot, :sweep_at_us);
COMMIT;
";

/// Selects a submission's columns as text, each with its variable name in the scripts.
const VALUES_SQL: &str = r"
SELECT unnest(ARRAY['created_at_us', 'due_at_us', 'first_due_us', 'sweep_at_us', 'state', 'urgency', 'caller', 'member_id',
        'referral_number', 'sha256', 'content', 'bytes', 'snapshot']) AS name,
    unnest(ARRAY[c.created_at_us::text, c.due_at_us::text, c.first_due_us::text, c.sweep_at_us::text, c.state::text,
        c.urgency::text, e.caller, c.member_id, c.referral_number, e.sha256::text, e.content::text, e.bytes::text,
        c.snapshot::text]) AS value
FROM (SELECT * FROM cases ORDER BY opened_at LIMIT 1) c JOIN events e ON e.position = c.opened_at";

/// A schema with the service's tables, and the values of a submission.
pub struct Pgbench {
    url: String,
    values: Vec<(String, String)>,
}

impl Pgbench {
    /// Creates the tables. Requires that the service has stored a submission.
    pub async fn prepare(url: &str) -> Self {
        let client = connect(url).await;
        let values = client.query(VALUES_SQL, &[]).await.expect("a submission");
        let values = values.iter().map(|row| (row.get("name"), row.get("value")));
        let values = values.collect();
        let schema = "DROP SCHEMA IF EXISTS pgbench CASCADE; CREATE SCHEMA pgbench";
        client.batch_execute(schema).await.expect("a schema");
        let separator = if url.contains('?') { '&' } else { '?' };
        let url = format!("{url}{separator}options=-csearch_path%3Dpgbench");
        postgres::migrate(&url).await.expect("a migrated schema");
        // Far from the other script's positions, so that each script appends to the end of its range, as the service does.
        let sequence = "CREATE SEQUENCE positions START 1000000000000";
        let client = connect(&url).await;
        client.batch_execute(sequence).await.expect("a sequence");
        Self { url, values }
    }

    /// Runs a script for a time, and returns its transactions per second.
    pub fn rate(&self, script: &str, time: Duration) -> f64 {
        let mut file = NamedTempFile::new().expect("a file");
        file.write_all(script.as_bytes()).expect("a file");
        let mut command = Command::new("pgbench");
        command
            .args(["-n", "-M", "prepared", "-c", "32", "-j", "2", "-T"])
            .arg(time.as_secs().to_string())
            .arg("-f")
            .arg(file.path());
        for (name, value) in &self.values {
            command.arg("-D").arg(format!("{name}={value}"));
        }
        let output = command.arg(&self.url).output();
        let output = output.expect("pgbench, from Debian's postgresql");
        let stdout = String::from_utf8_lossy(&output.stdout);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{stderr}");
        // `tps = 1234.567890 (without initial connection time)`
        let rate = stdout
            .lines()
            .find_map(|line| line.strip_prefix("tps = "))
            .and_then(|line| line.split(' ').next())
            .expect("a rate");
        rate.parse().expect("a number")
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .expect("a connection");
    tokio::spawn(connection);
    client
}
