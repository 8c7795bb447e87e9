//! How is a case's file kept beside its events, so that reading it needs no folding?
//!
//! The snapshot is a cache. One that this version did not write is not read: the case is folded from its events.

use second_opinion_rules::case::CaseState;

/// The shape of [`CaseState`]; raised whenever it changes.
const SNAPSHOT_SCHEMA: u8 = 2;

/// As many bytes as most files take: their buffer need not grow.
const USUAL_BYTES: usize = 2_048;

/// A file in bytes.
///
/// # Errors
/// When it cannot be encoded, which no file of this crate's types can cause.
pub fn encode_state(file: &CaseState) -> Result<Vec<u8>, postcard::Error> {
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    bytes.push(SNAPSHOT_SCHEMA);
    postcard::to_extend(file, bytes)
}

/// The file in bytes; `None`: another version wrote them, or they cannot be read.
#[must_use]
pub fn decode_state(bytes: &[u8]) -> Option<CaseState> {
    match bytes.split_first() {
        Some((&SNAPSHOT_SCHEMA, rest)) => postcard::from_bytes(rest).ok(),
        _ => None,
    }
}
