//! What does a process know of the log without looking? Where it left its head.

use crate::Head;
use crate::group::Work;

/// The log as the last group left it.
#[derive(Default)]
pub(super) struct Known {
    /// Where its head was left; `None`: not known.
    left: Option<Head>,
    /// Whether that group found the head where the one before had left it: no other process writes, or seldom.
    ours: bool,
}

impl Known {
    /// A group found the head at a position, and left it.
    pub(super) fn is_after(&mut self, found: u64, left: Head) {
        self.ours = self.left.is_some_and(|before| before.position == found);
        self.left = Some(left);
    }

    /// Whether a group was written is not known.
    pub(super) fn is_nothing(&mut self) {
        *self = Self::default();
    }

    /// Whether it seems that no other process writes.
    pub(super) fn is_ours(&self) -> bool {
        self.ours
    }

    /// Where the head can be expected by a group for which that is enough: of cases that are new, each by a request that
    /// is made once.
    pub(super) fn expected_by(&self, group: &[Work]) -> Option<Head> {
        let enough = group.iter().all(|work| match work {
            Work::Commit(commit) => commit.expected_version == 0 && commit.replay.is_some(),
            Work::Rendering(_) => false,
        });
        self.left.filter(|_| self.ours && enough)
    }
}
