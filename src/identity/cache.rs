//! Has this very token been verified before, against the keys of today?

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::Identity;
use super::claims::Window;

/// Tokens remembered at most, over all shards.
pub(super) const ENTRIES_MAX: usize = 10_000;

/// Several locks instead of one, so that making room in a full cache holds up few lookups.
const SHARDS: usize = 16;

/// The SHA-256 of a token: the cache holds no token that could be stolen from it.
pub(super) type Fingerprint = [u8; 32];

/// What is known about a verified token.
#[derive(Clone)]
pub(super) struct Entry {
    pub identity: Arc<Identity>,
    pub window: Window,
    /// The generation of the key set that verified it. An entry of another generation is no hit, so
    /// a change of keys empties the cache at once, for verifications still under way too.
    pub generation: u64,
}

/// A bounded memory of verified tokens.
pub(super) struct Cache {
    shards: [RwLock<HashMap<Fingerprint, Entry>>; SHARDS],
    shard_entries_max: usize,
}

pub(super) fn fingerprint(token: &str) -> Fingerprint {
    Sha256::digest(token.as_bytes()).into()
}

impl Cache {
    /// A cache for at most `entries_max` tokens, rounded down to fill its shards evenly.
    pub(super) fn new(entries_max: usize) -> Self {
        Self {
            shards: std::array::from_fn(|_| RwLock::default()),
            shard_entries_max: (entries_max / SHARDS).max(1),
        }
    }

    /// The entry for a token, if keys of this generation verified it.
    pub(super) fn get(&self, token: &Fingerprint, generation: u64) -> Option<Entry> {
        let shard = self
            .shard(token)
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        shard
            .get(token)
            .filter(|entry| entry.generation == generation)
            .cloned()
    }

    /// Remembers a token. A full shard drops what has expired or was verified by older keys, and
    /// if that is nothing, the token that expires first.
    pub(super) fn insert(&self, token: Fingerprint, entry: Entry, now: DateTime<Utc>) {
        let mut shard = self
            .shard(&token)
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if shard.len() >= self.shard_entries_max && !shard.contains_key(&token) {
            shard.retain(|_, old| !old.window.expired(now) && old.generation >= entry.generation);
            if shard.len() >= self.shard_entries_max {
                let first = shard.iter().min_by_key(|(_, old)| old.window.expires);
                if let Some(first) = first.map(|(token, _)| *token) {
                    shard.remove(&first);
                }
            }
        }
        shard.insert(token, entry);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let sizes = self.shards.iter().map(|shard| {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            shard.len()
        });
        sizes.sum()
    }

    fn shard(&self, token: &Fingerprint) -> &RwLock<HashMap<Fingerprint, Entry>> {
        &self.shards[usize::from(token[0]) % SHARDS]
    }
}
