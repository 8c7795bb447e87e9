//! Which fault is planted? One at a time, to see whether the tests find it, and only in a build with the feature `planted`.
//!
//! Each has to be found by the simulation or by a test that is named. Where a fault stands in the code it is left out of
//! every other build.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU8, Ordering};

#[cfg(not(debug_assertions))]
compile_error!("the feature `planted` is for tests: no optimised build has faults planted in it");

/// Names the fault that is planted from the start, so that any test can be run with it.
pub const VARIABLE: &str = "SECOND_OPINION_TEST_PLANTED";

macro_rules! bugs {
    ($($bug:ident, $name:literal, $what:literal;)+) => {
        /// A fault that can be planted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Bug {
            $(#[doc = $what] $bug,)+
        }

        impl Bug {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$bug,)+];

            /// Its name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$bug => $name,)+
                }
            }
        }
    };
}

bugs! {
    ForgetTheNotice, "forget-the-notice", "A letter is named on the case and not stored.";
    PublishBeforeCommit, "publish-before-commit", "Watchers see an event before it is durable. In the model of the store.";
    CursorBySequence, "cursor-by-sequence", "Positions are given out before the commit. In the model of the store.";
    RetryResetsReceipt, "retry-resets-receipt", "A repetition is answered as if it had been received only now.";
    ClockPause, "clock-pause", "The time until facts are learned does not count.";
    NormalSync, "normal-sync", "A commit is acknowledged before it is synced. In the model of the store, and in the file.";
    LaterEdition, "later-edition", "An event is under the edition of its own day, not of the day of receipt.";
    WrongHoliday, "wrong-holiday", "Juneteenth closes the State's offices.";
    DenialByTimer, "denial-by-timer", "Time that runs out denies.";
    SkipTheExpectedVersion, "skip-the-expected-version", "A commit does not ask at which version the case is. In every store.";
}

static PLANTED: LazyLock<AtomicU8> = LazyLock::new(|| {
    let named = std::env::var(VARIABLE).ok();
    let bug = Bug::ALL
        .iter()
        .find(|bug| Some(bug.name()) == named.as_deref());
    AtomicU8::new(number(bug.copied()))
});

fn number(bug: Option<Bug>) -> u8 {
    bug.map_or(0, |bug| bug as u8 + 1)
}

/// Plants a fault in place of the one before it.
pub fn plant(bug: Option<Bug>) {
    PLANTED.store(number(bug), Ordering::Relaxed);
}

/// Whether this fault is planted.
#[must_use]
pub fn is(bug: Bug) -> bool {
    PLANTED.load(Ordering::Relaxed) == number(Some(bug))
}
