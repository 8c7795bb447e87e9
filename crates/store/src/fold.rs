//! A case folded from its stored events.

use uuid::Uuid;

use super::{Record, StoreError};
use second_opinion_rules::case::{Case, Event, FoldError, SealedEvent, UnsealError};

/// Folds a case from its stored events, each checked against its digest.
///
/// # Errors
/// When an event was changed, cannot be read, or does not follow from the one before it.
pub fn fold(determination_id: Uuid, records: &[Record]) -> Result<Case, StoreError> {
    let events = unseal(determination_id, records)?;
    Case::fold(
        determination_id,
        events
            .iter()
            .zip(records)
            .map(|(event, record)| (event, record.sha256)),
    )
    .map_err(|error: FoldError| StoreError::damaged(determination_id, error))
}

/// The events in stored bytes, each checked against its digest.
///
/// # Errors
/// When an event was changed or cannot be read.
pub fn unseal(determination_id: Uuid, records: &[Record]) -> Result<Vec<Event>, StoreError> {
    records
        .iter()
        .map(|record| SealedEvent::unseal(&record.bytes, record.sha256).map(|(_, event)| event))
        .collect::<Result<_, UnsealError>>()
        .map_err(|error| StoreError::damaged(determination_id, error))
}
