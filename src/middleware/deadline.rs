//! The deadline of a call: the caller's `grpc-timeout`, and never longer than the server's own limit.
//!
//! A change that the store has begun is finished all the same; the caller that sends the same `request_id` again gets its
//! answer. What has not begun when the deadline passes never begins: the store skips commits without a waiting caller.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderMap;

use super::WATCH_PATH;
use crate::telemetry::metrics::Meters;
use crate::wire::status;

/// If the client's own timer fires first, the client chooses the code: tonic's says CANCELLED. So the server's timer fires
/// earlier, by a tenth of the timeout and at most this, and its answer can still reach the caller.
const HEAD_START_MAX: Duration = Duration::from_millis(20);

/// The limit.
#[derive(Clone)]
pub(super) struct Limit {
    /// The longest deadline that a call gets.
    pub max_deadline: Duration,
    /// Counts the deadlines that callers gave.
    pub meters: Arc<Meters>,
}

/// Ends a call with `DEADLINE_EXCEEDED` when its deadline has passed. A watch has none.
pub(super) async fn enforce(State(limit): State<Limit>, request: Request, next: Next) -> Response {
    if request.uri().path() == WATCH_PATH {
        return next.run(request).await;
    }
    let begun = Instant::now();
    let given = timeout(request.headers());
    let time = given.map_or(limit.max_deadline, |given| {
        shortened(given).min(limit.max_deadline)
    });
    // `tokio::time::timeout` polls the call once before it looks at the time.
    let answer = if time.is_zero() {
        None
    } else {
        tokio::time::timeout(time, next.run(request)).await.ok()
    };
    if let Some(given) = given {
        limit.meters.record_budget(given);
        limit
            .meters
            .record_budget_left(given.saturating_sub(begun.elapsed()));
    }
    answer.unwrap_or_else(|| status::deadline_exceeded().into_http())
}

/// The time that the server takes of a caller's timeout.
fn shortened(given: Duration) -> Duration {
    given.saturating_sub((given / 10).min(HEAD_START_MAX))
}

/// The timeout in `grpc-timeout`: up to eight digits and a unit. Anything else is no timeout.
fn timeout(headers: &HeaderMap) -> Option<Duration> {
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

    fn parsed(text: &'static str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-timeout", http::HeaderValue::from_static(text));
        timeout(&headers)
    }

    #[test]
    fn the_server_stops_before_its_caller() {
        for (given, limit) in [(0, 0), (50, 45), (200, 180), (30_000, 29_980)] {
            let given = Duration::from_millis(given);
            assert_eq!(shortened(given), Duration::from_millis(limit), "{given:?}");
        }
    }

    #[test]
    fn timeouts_are_parsed_as_grpc_writes_them() {
        assert_eq!(parsed("1S"), Some(Duration::from_secs(1)));
        assert_eq!(parsed("99999999H"), Some(Duration::from_hours(99_999_999)));
        assert_eq!(parsed("250m"), Some(Duration::from_millis(250)));
        assert_eq!(parsed("0n"), Some(Duration::ZERO));
        for bad in ["", "S", "1", "123456789S", "1s", "-1S", "1.5S", "\u{9}1S"] {
            assert_eq!(parsed(bad), None, "{bad}");
        }
    }
}
