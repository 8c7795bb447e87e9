//! Are many callers refused for want of a good identity? Then each of them waits for its refusal.
//!
//! To look at a bad token costs the server as much as it costs its caller to make one up, so a flood of them would take
//! the time of callers who mean well. Held refusals cost next to nothing, and whoever sends the next token only once it
//! has its answer comes no faster than they are given out. Good calls are never held.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::Response;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tonic::{Code, body::Body};

use super::around::{Inner, Middleware, Question};
use super::outcome;

/// As many refusals in a row as no one waits for: a backend whose token has run out is told at once.
const AT_ONCE: u32 = 100;
/// The time from one refusal to the next, once there were as many.
const APART: Duration = Duration::from_millis(2);
/// No refusal is held for longer.
const HELD_FOR_MAX: Duration = Duration::from_secs(1);
/// As many as are held; further ones are given out at once, so that memory stays bounded.
const HELD_MAX: usize = 4_096;

/// Holds refusals back that come too fast, over all connections.
#[derive(Clone, Debug)]
pub struct Pace(Arc<Refusals>);

#[derive(Debug)]
struct Refusals {
    begun: Instant,
    /// When the next one may be given out, in nanoseconds since it began.
    next: AtomicU64,
    /// Places for those that are held.
    held: Semaphore,
}

impl Middleware for Pace {
    async fn around(&self, request: Question, inner: impl Inner) -> Response<Body> {
        let response = inner.ask(request).await;
        if outcome::known(&response) == Some(Code::Unauthenticated) {
            self.0.wait().await;
        }
        response
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self(Arc::new(Refusals {
            begun: Instant::now(),
            next: AtomicU64::new(0),
            held: Semaphore::new(HELD_MAX),
        }))
    }
}

impl Refusals {
    async fn wait(&self) {
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
        let earliest = now.saturating_sub(nanoseconds(APART * AT_ONCE));
        let latest = now + nanoseconds(HELD_FOR_MAX);
        let after = |next: u64| (next.max(earliest) + nanoseconds(APART)).min(latest);
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
    use http::Request;
    use tonic::Status;

    use super::*;

    struct Answers(Code);

    impl Inner for Answers {
        async fn ask(self, _: Question) -> Response<Body> {
            Status::new(self.0, "").into_http()
        }
    }

    /// How long so many calls took that were made together and had this outcome.
    async fn took(pace: &Pace, calls: u32, outcome: Code) -> Duration {
        let begun = Instant::now();
        let calls = (0..calls).map(|_| {
            let request = Box::new(Request::new(Body::empty()));
            pace.around(request, Answers(outcome))
        });
        join_all(calls).await;
        begun.elapsed()
    }

    /// The clock of timers counts milliseconds.
    const TICK: Duration = Duration::from_millis(1);

    #[tokio::test(start_paused = true)]
    async fn a_few_refusals_are_given_out_at_once() {
        let pace = Pace::default();
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(
            took(&pace, AT_ONCE, Code::Unauthenticated).await,
            Duration::ZERO
        );
    }

    #[tokio::test(start_paused = true)]
    async fn many_refusals_come_at_their_pace_and_other_outcomes_at_once() {
        let pace = Pace::default();
        tokio::time::advance(Duration::from_secs(1)).await;
        let flood = AT_ONCE + 250;
        let time = took(&pace, flood, Code::Unauthenticated).await;
        assert!(
            (APART * 250..=APART * 250 + TICK).contains(&time),
            "{time:?}"
        );
        for outcome in [Code::Ok, Code::PermissionDenied, Code::InvalidArgument] {
            assert_eq!(took(&pace, 1_000, outcome).await, Duration::ZERO);
        }
        // After some quiet a few are free again.
        tokio::time::advance(APART * AT_ONCE).await;
        assert_eq!(
            took(&pace, AT_ONCE, Code::Unauthenticated).await,
            Duration::ZERO
        );
    }

    #[tokio::test(start_paused = true)]
    async fn no_refusal_is_held_for_long_and_no_more_than_a_number() {
        let pace = Pace::default();
        let time = took(&pace, 4_000, Code::Unauthenticated).await;
        assert!(time <= HELD_FOR_MAX + TICK, "{time:?}");
        let held = async {
            tokio::task::yield_now().await;
            pace.0.held.available_permits()
        };
        let (_, free) = tokio::join!(took(&pace, 10_000, Code::Unauthenticated), held);
        assert_eq!(free, 0);
        assert_eq!(pace.0.held.available_permits(), HELD_MAX);
    }
}
