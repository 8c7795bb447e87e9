//! The sealed form of an event, in which any later change shows.
//!
//! An event is sealed into bytes: a header, then its body. The bytes name the SHA-256 of the event before them in
//! the case, and their own SHA-256 is kept beside them. The log's head keeps a rolling digest over all events, so
//! that a missing tail or a missing case shows too.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use uuid::Uuid;

use super::event::{Actor, Event, EventBody};
use crate::rules::POLICY_NUMBER;

/// The schema tag of stored events. A later shape gets another number, and its reader reads this one too.
pub const EVENT_SCHEMA: u32 = 1;

/// Initial capacity of an event's buffer: most events fit, so that it need not grow.
const EVENT_BYTES_TYPICAL: usize = 4_096;

/// A SHA-256 digest; text is lower-case hexadecimal.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The previous digest of a case's first event, and the log's head before the first event.
    pub const ZERO: Self = Self([0; 32]);

    /// The digest of bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The log's head after an event: the digest of the head before it, the event's position and its own digest.
    #[must_use]
    pub fn roll(self, position: u64, event: Self) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(self.0);
        hasher.update(position.to_be_bytes());
        hasher.update(event.0);
        Self(hasher.finalize().into())
    }

    /// The digest with these bytes; `None`: the slice is not 32 bytes long.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Its text, written to a buffer.
    fn text(self, buffer: &mut [u8; 64]) -> &str {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        for (pair, byte) in buffer.chunks_exact_mut(2).zip(self.0) {
            pair[0] = HEX[usize::from(byte >> 4)];
            pair[1] = HEX[usize::from(byte & 15)];
        }
        // INVARIANT: hexadecimal digits are ASCII.
        std::str::from_utf8(buffer).unwrap_or_default()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text(&mut [0; 64]))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Digest {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "a SHA-256 is 64 hexadecimal digits";
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(EXPECTED);
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).map_err(|_| EXPECTED)?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(self.text(&mut [0; 64]))
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer)?
                .parse()
                .map_err(D::Error::custom)
        } else {
            <[u8; 32]>::deserialize(deserializer).map(Self)
        }
    }
}

/// The header of an event, which precedes the body in its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The [`EVENT_SCHEMA`] that it was written with.
    pub schema: u32,
    /// The case.
    pub determination_id: Uuid,
    /// 1, 2, 3 … within the case.
    pub version: u32,
    /// The instant of the commit.
    #[serde(with = "crate::rules::instant")]
    pub occurred_at: DateTime<Utc>,
    /// The actor.
    pub actor: Actor,
    /// The policy's number.
    pub policy: String,
    /// The edition of the policy that is pinned on the case.
    pub policy_version: NaiveDate,
    /// The digest of the event before it in the case; [`Digest::ZERO`] for the first.
    pub previous: Digest,
}

/// An event as it is stored: the bytes that were hashed.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedEvent {
    /// The header, as written in the bytes.
    pub header: Header,
    /// The bytes: JSON in UTF-8.
    pub bytes: Vec<u8>,
    /// Their SHA-256.
    pub sha256: Digest,
    body_at: usize,
}

impl fmt::Debug for SealedEvent {
    /// Omits the bytes, which hold a person's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedEvent")
            .field("header", &self.header)
            .field("sha256", &self.sha256)
            .finish_non_exhaustive()
    }
}

/// Bytes that are not an event.
#[derive(Debug, Error)]
pub enum UnsealError {
    /// The bytes do not have the digest that is kept beside them.
    #[error("the stored bytes do not have the digest stored beside them")]
    Digest,
    /// This version does not know the schema.
    #[error("schema {0} is not known to this version")]
    Schema(u32),
    /// The bytes cannot be read.
    #[error("the stored bytes cannot be read: {0}")]
    Unreadable(String),
}

#[derive(Deserialize)]
struct Whole {
    #[serde(flatten)]
    header: Header,
    body: EventBody,
}

impl SealedEvent {
    /// Seals an event.
    ///
    /// # Errors
    /// When it cannot be written as JSON, which no event of this crate's types can cause.
    pub fn seal(
        determination_id: Uuid,
        event: &Event,
        policy_version: NaiveDate,
        previous: Digest,
    ) -> Result<Self, serde_json::Error> {
        let header = Header {
            schema: EVENT_SCHEMA,
            determination_id,
            version: event.version,
            occurred_at: event.occurred_at,
            actor: event.actor.clone(),
            policy: POLICY_NUMBER.to_owned(),
            policy_version,
            previous,
        };
        Self::join(header, |bytes| serde_json::to_writer(bytes, &event.body))
    }

    fn join(
        header: Header,
        body: impl FnOnce(&mut Vec<u8>) -> Result<(), serde_json::Error>,
    ) -> Result<Self, serde_json::Error> {
        let mut bytes = Vec::with_capacity(EVENT_BYTES_TYPICAL);
        serde_json::to_writer(&mut bytes, &header)?;
        bytes.pop(); // the brace that closes the header; the body goes inside it
        bytes.extend_from_slice(b",\"body\":");
        let body_at = bytes.len();
        body(&mut bytes)?;
        bytes.push(b'}');
        let sha256 = Digest::of(&bytes);
        Ok(Self {
            header,
            bytes,
            sha256,
            body_at,
        })
    }

    /// The same event, committed no earlier than `instant`: the log's time never runs backward.
    ///
    /// # Errors
    /// As [`SealedEvent::seal`].
    pub fn not_before(self, instant: DateTime<Utc>) -> Result<Self, serde_json::Error> {
        if self.header.occurred_at >= instant {
            return Ok(self);
        }
        let header = Header {
            occurred_at: instant,
            ..self.header
        };
        let body = &self.bytes[self.body_at..self.bytes.len() - 1];
        Self::join(header, |bytes| {
            bytes.extend_from_slice(body);
            Ok(())
        })
    }

    /// Reads an event from stored bytes, after checking them against the digest that is kept beside them.
    ///
    /// # Errors
    /// When the bytes were changed, are of an unknown schema, or cannot be read.
    pub fn unseal(bytes: &[u8], sha256: Digest) -> Result<(Header, Event), UnsealError> {
        if Digest::of(bytes) != sha256 {
            return Err(UnsealError::Digest);
        }
        Self::read(bytes)
    }

    /// Reads an event from bytes that were checked before.
    ///
    /// # Errors
    /// When they are of an unknown schema or cannot be read.
    pub fn read(bytes: &[u8]) -> Result<(Header, Event), UnsealError> {
        #[derive(Deserialize)]
        struct Tag {
            schema: u32,
        }
        let unreadable = |error: serde_json::Error| UnsealError::Unreadable(error.classify_only());
        match serde_json::from_slice::<Tag>(bytes)
            .map_err(unreadable)?
            .schema
        {
            EVENT_SCHEMA => {}
            other => return Err(UnsealError::Schema(other)),
        }
        let Whole { header, body } = serde_json::from_slice(bytes).map_err(unreadable)?;
        let event = Event {
            version: header.version,
            occurred_at: header.occurred_at,
            actor: header.actor.clone(),
            body,
        };
        Ok((header, event))
    }
}

/// An error of the JSON reader without the text that it failed at, which may be a person's.
trait ClassifyOnly {
    fn classify_only(&self) -> String;
}

impl ClassifyOnly for serde_json::Error {
    fn classify_only(&self) -> String {
        format!(
            "{:?} error at line {} column {}",
            self.classify(),
            self.line(),
            self.column()
        )
    }
}
