//! Which fault is planted in the model of the store? None, but in a build with the feature `planted`.

#[cfg(feature = "planted")]
pub use second_opinion::planted::{Bug, is};

/// Those that the model can have.
#[cfg(not(feature = "planted"))]
#[derive(Clone, Copy)]
pub enum Bug {
    PublishBeforeCommit,
    CursorBySequence,
    NormalSync,
    SkipTheExpectedVersion,
}

#[cfg(not(feature = "planted"))]
pub const fn is(_bug: Bug) -> bool {
    false
}
