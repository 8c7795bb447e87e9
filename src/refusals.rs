//! Are many refused? Then each of them waits for its refusal.
//!
//! To look at a bad token or at broken frames costs the server as much as it costs a peer to make them up, so a flood of
//! them would take the time of callers who mean well. A held refusal costs no time, and whoever tries again only once it was
//! refused comes no faster than refusals are given out: one after another, or a second later where that is sooner.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

/// As many refusals in a row as no one waits for: a backend whose token has run out is told at once.
const AT_ONCE: u32 = 100;
/// No refusal is held for longer.
const HELD_FOR_MAX: Duration = Duration::from_secs(1);

/// Refusals of one kind, over all connections.
#[derive(Debug)]
pub(crate) struct Refusals {
    begun: Instant,
    /// The time from one to the next, once there were as many as no one waits for.
    apart: Duration,
    /// When the next one may be given out, in nanoseconds since it began.
    next: AtomicU64,
    /// Places for those that are held; further ones are given out at once, so that what they hold stays bounded.
    held: Semaphore,
}

impl Refusals {
    /// None until now.
    pub fn new(apart: Duration, held_max: usize) -> Self {
        Self {
            begun: Instant::now(),
            apart,
            next: AtomicU64::new(0),
            held: Semaphore::new(held_max),
        }
    }

    /// Waits until one more may be given out; where too many wait, not at all.
    pub async fn wait(&self) {
        let time = self.turn(self.begun.elapsed());
        if time.is_zero() {
            return;
        }
        if let Ok(_place) = self.held.try_acquire() {
            tokio::time::sleep(time).await;
        }
    }

    /// Takes the next turn, and says how long it is until then.
    fn turn(&self, now: Duration) -> Duration {
        let now = nanoseconds(now);
        let earliest = now.saturating_sub(nanoseconds(self.apart * AT_ONCE));
        let latest = now + nanoseconds(HELD_FOR_MAX);
        let after = |next: u64| (next.max(earliest) + nanoseconds(self.apart)).min(latest);
        let before = self
            .next
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next| {
                Some(after(next))
            });
        // INVARIANT: an update that always gives a value never fails; what it replaced is the same either way.
        let turn = after(before.unwrap_or_else(|same| same));
        Duration::from_nanos(turn.saturating_sub(now))
    }
}

/// An age of the process in nanoseconds, which take 64 bits for five centuries.
fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;

    use super::*;

    const APART: Duration = Duration::from_millis(2);
    const HELD_MAX: usize = 4_096;

    /// How long so many took that were refused together.
    async fn took(refusals: &Refusals, many: u32) -> Duration {
        let begun = Instant::now();
        join_all((0..many).map(|_| refusals.wait())).await;
        begun.elapsed()
    }

    /// The clock of timers counts milliseconds.
    const TICK: Duration = Duration::from_millis(1);

    #[tokio::test(start_paused = true)]
    async fn a_few_are_given_out_at_once_and_many_at_their_pace() {
        let refusals = Refusals::new(APART, HELD_MAX);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(took(&refusals, AT_ONCE).await, Duration::ZERO);
        let time = took(&refusals, 250).await;
        assert!(
            (APART * 250..=APART * 250 + TICK).contains(&time),
            "{time:?}"
        );
        // After some quiet a few are free again.
        tokio::time::advance(APART * AT_ONCE).await;
        assert_eq!(took(&refusals, AT_ONCE).await, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn none_is_held_for_long_and_no_more_than_a_number() {
        let refusals = Refusals::new(APART, HELD_MAX);
        let time = took(&refusals, 4_000).await;
        assert!(time <= HELD_FOR_MAX + TICK, "{time:?}");
        let held = async {
            tokio::task::yield_now().await;
            refusals.held.available_permits()
        };
        let (_, free) = tokio::join!(took(&refusals, 10_000), held);
        assert_eq!(free, 0);
        assert_eq!(refusals.held.available_permits(), HELD_MAX);
    }
}
