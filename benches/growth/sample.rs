//! The random cases and page cursors that the calls use.

use second_opinion::store::Place;
use uuid::Uuid;

use crate::stores::StoreConnection;

/// Number of sampled cases; a fifth as many cursors are drawn.
const SAMPLES: usize = 4_000;

/// The targets of the calls.
pub struct Sample {
    /// Random cases of the whole store.
    pub cases: Vec<Uuid>,
    /// Random cursors in the second half of the pending cases, except at its end.
    pub deep: Vec<Place>,
}

impl StoreConnection {
    /// Draws the sample by index-only reads, so that the rows themselves are not cached yet.
    pub async fn sample(&self) -> Sample {
        if let Self::Postgres(_) = self {
            self.execute("SET enable_seqscan = off; SET jit = off; SET work_mem = '256MB'")
                .await;
        }
        let cases = format!("SELECT id FROM cases ORDER BY random() LIMIT {SAMPLES}");
        let cases = self.ids(&cases).await;
        let running = match self {
            Self::Sqlite(_) => "(due_at_us IS NULL) = 0",
            Self::Postgres(_) => "stopped = 0",
        };
        let cursors = format!(
            "SELECT first_due_us, opened_at FROM cases WHERE state = 2 AND {running} ORDER BY random() LIMIT {}",
            SAMPLES / 5
        );
        let mut cursors: Vec<Place> = self
            .numbers(&cursors)
            .await
            .into_iter()
            .map(|(first_due_us, opened_at)| Place {
                first_due_us,
                opened_at: u64::try_from(opened_at).expect("a position"),
            })
            .collect();
        cursors.sort_unstable();
        // No full page follows the last ones.
        cursors.truncate(cursors.len() * 9 / 10);
        let deep = cursors.split_off(cursors.len() / 2);
        Sample { cases, deep }
    }
}
