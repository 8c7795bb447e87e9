//! A cache of the cases that were read last.
//!
//! It is never stale, because one process alone writes the file: the writer removes a case after its commit and before the
//! caller gets its reply.

use std::sync::{Arc, Mutex};

use quick_cache::sync::Cache;
use uuid::Uuid;

use crate::group_commit::lock;

use second_opinion_rules::case::Case;

/// Maximum cases in the cache: some kilobytes each.
const CASES_MAX: usize = 1_024;

/// The number of groups that were committed: it shows whether a read may have begun before one of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Generation(u64);

/// The cases that were read last.
pub(super) struct CaseCache {
    cases: Cache<Uuid, Arc<Case>>,
    generation: Mutex<Generation>,
}

impl CaseCache {
    pub(super) fn new() -> Self {
        Self {
            cases: Cache::new(CASES_MAX),
            generation: Mutex::new(Generation(0)),
        }
    }

    pub(super) fn get(&self, id: &Uuid) -> Option<Arc<Case>> {
        self.cases.get(id)
    }

    /// The generation of a read that begins now, for [`CaseCache::keep`].
    pub(super) fn generation(&self) -> Generation {
        *lock(&self.generation)
    }

    /// Caches a case that was read, unless a group was committed since the read began.
    pub(super) fn keep(&self, begun: Generation, case: Arc<Case>) {
        // Held until the case is in, so that no group forgets it in between.
        let present = lock(&self.generation);
        if *present == begun {
            self.cases.insert(case.id, case);
        }
    }

    /// Removes the cases that a group has changed. Called between its commit and its replies.
    pub(super) fn forget(&self, changed: impl IntoIterator<Item = Uuid>) {
        let mut present = lock(&self.generation);
        present.0 += 1;
        for id in changed {
            self.cases.remove(&id);
        }
    }
}
