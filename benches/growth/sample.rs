//! Which cases are asked for, and from which places is a page read?

use second_opinion::store::Place;
use uuid::Uuid;

use crate::stores::Stored;

/// As many cases, and a tenth of that many places.
const SAMPLES: usize = 4_000;

/// What calls are about.
pub struct Sample {
    /// Cases by chance, over all there are.
    pub cases: Vec<Uuid>,
    /// Places by chance, in the second half of those that wait for review, and not at its very end.
    pub deep: Vec<Place>,
}

impl Stored {
    /// Chooses, from the indexes alone: what is asked for later was not read just now.
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
        let places = format!(
            "SELECT first_due_us, opened_at FROM cases WHERE state = 2 AND {running} ORDER BY random() LIMIT {}",
            SAMPLES / 5
        );
        let mut places: Vec<Place> = self
            .numbers(&places)
            .await
            .into_iter()
            .map(|(first_due_us, opened_at)| Place {
                first_due_us,
                opened_at: u64::try_from(opened_at).expect("a position"),
            })
            .collect();
        places.sort_unstable();
        // The last ones have no full page behind them.
        places.truncate(places.len() * 9 / 10);
        let deep = places.split_off(places.len() / 2);
        Sample { cases, deep }
    }
}
