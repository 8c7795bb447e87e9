//! How long may a call take?
//!
//! As long as its caller says in `grpc-timeout`, and never longer than the server's own limit. A change that the store
//! has begun is finished all the same; the caller that sends the same `request_id` again gets its answer. What has not
//! begun when the time is over is not begun: a call that comes too late does nothing, and the store passes over commits
//! whose callers have gone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderMap, Response};
use tonic::body::Body;

use super::around::{Inner, Middleware, Question};
use crate::ops::Meters;
use crate::wire::status;

/// The only call that has no deadline: a watch goes on.
pub(super) const STREAM: &str = "/um.secondopinion.v1.SecondOpinionService/WatchDeterminations";

/// A caller's own clock strikes at the end of its time, and what is said then depends on who made the client: tonic's says
/// CANCELLED. So ours strikes earlier, by a tenth of the time and this at most, and the answer can still reach the caller.
const AHEAD_MAX: Duration = Duration::from_millis(20);

/// Ends a call whose time has run out with `DEADLINE_EXCEEDED`.
#[derive(Clone, Debug)]
pub struct Deadline {
    /// The longest that a call gets.
    pub longest: Duration,
    /// Who counts what callers gave.
    pub meters: Arc<Meters>,
}

impl Middleware for Deadline {
    async fn around(&self, request: Question, inner: impl Inner) -> Response<Body> {
        if request.uri().path() == STREAM {
            return inner.ask(request).await;
        }
        let begun = Instant::now();
        let given = wanted(request.headers());
        let limit = given.map_or(self.longest, |given| ahead(given).min(self.longest));
        // A timeout would look at what is inside once before it looks at the time.
        let answer = if limit.is_zero() {
            None
        } else {
            tokio::time::timeout(limit, inner.ask(request)).await.ok()
        };
        if let Some(given) = given {
            self.meters.budget_given(given);
            self.meters
                .budget_left(given.saturating_sub(begun.elapsed()));
        }
        answer.unwrap_or_else(|| status::deadline_exceeded().into_http())
    }
}

/// How long a call gets whose caller waits so long.
fn ahead(given: Duration) -> Duration {
    given.saturating_sub((given / 10).min(AHEAD_MAX))
}

/// What `grpc-timeout` says: up to eight digits and a unit. What cannot be read is no deadline.
fn wanted(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_hours(amount)),
        "M" => Some(Duration::from_mins(amount)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-timeout", http::HeaderValue::from_static(text));
        wanted(&headers)
    }

    #[test]
    fn the_server_is_ahead_of_its_caller() {
        for (given, limit) in [(0, 0), (50, 45), (200, 180), (30_000, 29_980)] {
            let given = Duration::from_millis(given);
            assert_eq!(ahead(given), Duration::from_millis(limit), "{given:?}");
        }
    }

    #[test]
    fn timeouts_are_read_as_grpc_writes_them() {
        assert_eq!(read("1S"), Some(Duration::from_secs(1)));
        assert_eq!(read("99999999H"), Some(Duration::from_hours(99_999_999)));
        assert_eq!(read("250m"), Some(Duration::from_millis(250)));
        assert_eq!(read("0n"), Some(Duration::ZERO));
        for bad in ["", "S", "1", "123456789S", "1s", "-1S", "1.5S", "\u{9}1S"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
