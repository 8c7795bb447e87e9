//! Is every event in its place, unchanged, and named by the one after it?

use chrono::{DateTime, Utc};

use super::{Chain, Problem, Proof};
use crate::{LogEntry, Record, StoreError};
use second_opinion_rules::case::{Digest, EventKind, Header, SealedEvent};

/// As many events as are held at once.
const A_PAGE: usize = 1_000;

/// The log as far as it was read.
struct Read {
    position: u64,
    digest: Digest,
    occurred_at: DateTime<Utc>,
}

impl Proof<'_> {
    pub(super) async fn events(&mut self) -> Result<(), StoreError> {
        let head = self.report.head;
        let mut read = Read {
            position: 0,
            digest: Digest::ZERO,
            occurred_at: DateTime::UNIX_EPOCH,
        };
        while read.position < head.position {
            let records = self.store.records_after(read.position, A_PAGE).await;
            let records = self.readable(records)?;
            let entries = self.store.log_after(read.position, A_PAGE).await;
            let entries = self.readable(entries)?;
            let mut entries = entries.iter().peekable();
            let before = read.position;
            for record in records
                .iter()
                .take_while(|one| one.position <= head.position)
            {
                while entries
                    .next_if(|entry| entry.position < record.position)
                    .is_some()
                {}
                let entry = entries.next_if(|entry| entry.position == record.position);
                self.event(&mut read, record, entry);
            }
            if read.position == before {
                break;
            }
        }
        if read.position < head.position {
            self.find_log(read.position, Problem::Tail(head.position));
        }
        if read.digest != head.digest {
            self.find_log(head.position, Problem::Digest(read.digest));
        }
        Ok(())
    }

    fn event(&mut self, read: &mut Read, record: &Record, entry: Option<&LogEntry>) {
        self.report.events += 1;
        let missing = record.position.saturating_sub(read.position + 1);
        if missing > 0 {
            self.find_event(record, Problem::Gap(missing));
        }
        read.position = record.position;
        read.digest = read.digest.roll(record.position, record.sha256);
        let wrong = self.report.found;
        let chain = self.chains.get(&record.determination_id);
        let expected = chain.map_or(1, |chain| chain.version + 1);
        let previous = chain.map_or(Digest::ZERO, |chain| chain.last);
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
                if header.occurred_at < read.occurred_at {
                    self.find_event(record, Problem::Time);
                }
                read.occurred_at = read.occurred_at.max(header.occurred_at);
            }
        }
        let wrong = self.report.found > wrong;
        let chain = self.chains.entry(record.determination_id).or_insert(Chain {
            version: 0,
            last: Digest::ZERO,
            wrong: false,
            folded: false,
        });
        chain.version = record.version;
        chain.last = record.sha256;
        chain.wrong |= wrong;
    }

    /// Rows that cannot be read are a finding, and none of their page is looked at.
    fn readable<T>(&mut self, rows: Result<Vec<T>, StoreError>) -> Result<Vec<T>, StoreError> {
        match rows {
            Ok(rows) => Ok(rows),
            Err(StoreError::Damaged {
                determination_id,
                reason,
            }) => {
                self.find_case(determination_id, None, Problem::Unreadable(reason));
                Ok(Vec::new())
            }
            Err(error @ (StoreError::Unavailable(_) | StoreError::Schema(_))) => Err(error),
        }
    }
}

/// What an event's row, its entry in the log and the event itself do not agree about.
fn disagreement(
    record: &Record,
    entry: Option<&LogEntry>,
    header: &Header,
    kind: EventKind,
) -> Option<&'static str> {
    let by_row = [
        (
            "the determination",
            header.determination_id == record.determination_id,
        ),
        ("the version", header.version == record.version),
    ];
    let by_entry = entry.map(|entry| {
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
    by_row
        .into_iter()
        .chain(by_entry.into_iter().flatten())
        .find_map(|(what, same)| (!same).then_some(what))
}
