//! Verification of the log: every event is at its position, unchanged, and named by the next one of its case.

use chrono::{DateTime, Utc};

use super::{Problem, Verification};
use crate::{LogEntry, Record, StoreError};
use second_opinion_rules::case::{Digest, EventKind, Header, SealedEvent};

/// The number of events that are held at once.
const PAGE_EVENTS: usize = 1_000;

/// The log as far as it was read.
struct LogState {
    position: u64,
    digest: Digest,
    occurred_at: DateTime<Utc>,
}

impl Verification<'_> {
    pub(super) async fn events(&mut self) -> Result<(), StoreError> {
        let head = self.report.head;
        let mut state = LogState {
            position: 0,
            digest: Digest::ZERO,
            occurred_at: DateTime::UNIX_EPOCH,
        };
        while state.position < head.position {
            // A page with a row that cannot be read is skipped as a whole.
            let records = self.store.records_after(state.position, PAGE_EVENTS).await;
            let records = self.readable(None, records)?.unwrap_or_default();
            let entries = self.store.log_after(state.position, PAGE_EVENTS).await;
            let entries = self.readable(None, entries)?.unwrap_or_default();
            let before = state.position;
            let up_to_head = records
                .iter()
                .take_while(|record| record.position <= head.position);
            for record in up_to_head {
                let at = entries.binary_search_by_key(&record.position, |entry| entry.position);
                self.event(&mut state, record, at.ok().map(|at| &entries[at]));
            }
            if state.position == before {
                break;
            }
        }
        if state.position < head.position {
            let tail = Problem::Tail(head.position);
            self.find(None, None, Some(state.position), tail);
        }
        if state.digest != head.digest {
            let digest = Problem::Digest(state.digest);
            self.find(None, None, Some(head.position), digest);
        }
        Ok(())
    }

    fn event(&mut self, state: &mut LogState, record: &Record, entry: Option<&LogEntry>) {
        self.report.events += 1;
        let missing = record.position.saturating_sub(state.position + 1);
        if missing > 0 {
            self.find_event(record, Problem::Gap(missing));
        }
        state.position = record.position;
        state.digest = state.digest.roll(record.position, record.sha256);
        let found_before = self.report.found;
        let chain = self.chains.entry(record.determination_id).or_default();
        let (expected, previous) = (chain.version + 1, chain.last);
        (chain.version, chain.last) = (record.version, record.sha256);
        if record.version != expected {
            self.find_event(record, Problem::Version(expected));
        }
        match SealedEvent::unseal(&record.bytes, record.sha256) {
            Err(error) => self.find_event(record, Problem::Event(error.to_string())),
            Ok((header, event)) => {
                if let Some(what) = disagreement(record, entry, &header, event.body.kind()) {
                    self.find_event(record, Problem::Row(what));
                }
                if header.previous != previous {
                    self.find_event(record, Problem::Chain);
                }
                if header.occurred_at < state.occurred_at {
                    self.find_event(record, Problem::Time);
                }
                state.occurred_at = state.occurred_at.max(header.occurred_at);
            }
        }
        if self.report.found > found_before {
            self.chains
                .entry(record.determination_id)
                .or_default()
                .damaged = true;
        }
    }
}

/// A value about which an event's row, its entry in the log and the event itself disagree.
fn disagreement(
    record: &Record,
    entry: Option<&LogEntry>,
    header: &Header,
    kind: EventKind,
) -> Option<&'static str> {
    let same_by_row = [
        (
            "the determination",
            header.determination_id == record.determination_id,
        ),
        ("the version", header.version == record.version),
    ];
    let same_by_entry = entry.map(|entry| {
        [
            (
                "the determination",
                header.determination_id == entry.determination_id,
            ),
            ("the version", header.version == entry.version),
            ("the instant", header.occurred_at == entry.occurred_at),
            ("the kind", kind == entry.kind),
        ]
    });
    same_by_row
        .into_iter()
        .chain(same_by_entry.into_iter().flatten())
        .find_map(|(what, same)| (!same).then_some(what))
}
