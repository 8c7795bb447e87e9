//! A letter as stored bytes, with their digest.

use second_opinion_rules::case::{Digest, NoticeReference};

use super::error::NoticeError;
use super::letter::{LETTER_SCHEMA, Letter};

/// A letter with its stored bytes and the case's reference to it.
#[derive(Clone, Debug)]
pub struct SealedLetter {
    /// The letter.
    pub letter: Letter,
    /// The reference on the case.
    pub reference: NoticeReference,
    /// The bytes to store.
    pub bytes: Vec<u8>,
}

impl SealedLetter {
    /// Serializes a letter and computes the reference on the case.
    pub(crate) fn seal(letter: Letter) -> Result<Self, NoticeError> {
        let bytes = serde_json::to_vec(&letter).map_err(|_| NoticeError::Unreadable)?;
        let reference = NoticeReference {
            notice_id: letter.notice_id,
            kind: letter.content.kind(),
            language: letter.language.clone(),
            issued_at: letter.issued_at,
            sha256: Digest::of(&bytes),
            translation_needed: letter.translation_needed,
        };
        Ok(Self {
            letter,
            reference,
            bytes,
        })
    }
}

/// Reads a stored letter.
///
/// # Errors
/// Fails if the bytes have an unknown schema or cannot be read.
pub fn read(bytes: &[u8]) -> Result<Letter, NoticeError> {
    #[derive(serde::Deserialize)]
    struct Tag {
        schema: u32,
    }
    match serde_json::from_slice::<Tag>(bytes)
        .map_err(|_| NoticeError::Unreadable)?
        .schema
    {
        LETTER_SCHEMA => serde_json::from_slice(bytes).map_err(|_| NoticeError::Unreadable),
        other => Err(NoticeError::UnknownSchema(other)),
    }
}
