//! Which cases were read of late? A case that is read again, and nothing has changed since, is not read from the file.
//!
//! Right because one process alone writes the file: the writer takes a case out of here after its commit and before
//! anyone is told of it, so that whoever was told of a change reads it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quick_cache::sync::Cache;
use uuid::Uuid;

use second_opinion_rules::case::Case;

/// As many cases as are kept: some kilobytes each.
const CASES_MAX: usize = 1_024;

/// As many groups as were committed: tells whether a read may have begun before one of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Generation(u64);

/// The cases that were read of late.
pub(super) struct CaseCache {
    read: Cache<Uuid, Arc<Case>>,
    generation: Mutex<Generation>,
}

impl CaseCache {
    pub(super) fn new() -> Self {
        Self {
            read: Cache::new(CASES_MAX),
            generation: Mutex::new(Generation(0)),
        }
    }

    pub(super) fn get(&self, id: &Uuid) -> Option<Arc<Case>> {
        self.read.get(id)
    }

    /// What a read that begins now hands to [`CaseCache::keep`].
    pub(super) fn generation(&self) -> Generation {
        *self.held()
    }

    /// Keeps a case that was read, unless a group was committed since the read began.
    pub(super) fn keep(&self, begun: Generation, case: Arc<Case>) {
        let present = self.held();
        if *present == begun {
            self.read.insert(case.id, case);
        }
    }

    /// Forgets cases that a group has changed. Called between its commit and its answers.
    pub(super) fn forget(&self, changed: impl IntoIterator<Item = Uuid>) {
        let mut present = self.held();
        present.0 += 1;
        for id in changed {
            self.read.remove(&id);
        }
    }

    fn held(&self) -> MutexGuard<'_, Generation> {
        self.generation
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
