//! The snapshot of a case's file, stored beside its events so that a read need not fold them.
//!
//! A snapshot is a cache. One that another version wrote is ignored: the case is folded from its events.

use second_opinion_rules::case::CaseState;

/// The schema of [`CaseState`]; raised whenever its shape changes.
const SNAPSHOT_SCHEMA: u8 = 2;

/// The size of most files in bytes: their buffer need not grow.
const USUAL_BYTES: usize = 2_048;

/// Encodes a file.
///
/// # Errors
/// When it cannot be encoded, which no file of this crate's types can cause.
pub fn encode_state(file: &CaseState) -> Result<Vec<u8>, postcard::Error> {
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    bytes.push(SNAPSHOT_SCHEMA);
    postcard::to_extend(file, bytes)
}

/// Decodes a file; `None`: another version wrote it, or it cannot be read.
#[must_use]
pub fn decode_state(bytes: &[u8]) -> Option<CaseState> {
    match bytes.split_first() {
        Some((&SNAPSHOT_SCHEMA, rest)) => postcard::from_bytes(rest).ok(),
        _ => None,
    }
}
