//! Are many callers refused for want of a good identity? Then each of them waits for its refusal. Good calls never do.

use std::sync::Arc;
use std::time::Duration;

use http::Response;
use tonic::{Code, body::Body};

use super::around::{Inner, Middleware, Question};
use super::outcome;
use crate::refusals::Refusals;

/// The time from one refusal to the next, once there were many.
const APART: Duration = Duration::from_millis(2);
/// As many as are held, each a call that waits.
const HELD_MAX: usize = 4_096;

/// Holds refusals back that come too fast, over all connections.
#[derive(Clone, Debug)]
pub struct Pace(Arc<Refusals>);

impl Default for Pace {
    fn default() -> Self {
        Self(Arc::new(Refusals::new(APART, HELD_MAX)))
    }
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

#[cfg(test)]
mod tests {
    use futures::future::join_all;
    use http::Request;
    use tokio::time::Instant;
    use tonic::Status;

    use super::*;

    struct Answers(Code);

    impl Inner for Answers {
        async fn ask(self, _: Question) -> Response<Body> {
            Status::new(self.0, "").into_http()
        }
    }

    /// How long a thousand calls took that were made together and had this outcome.
    async fn took(pace: &Pace, outcome: Code) -> Duration {
        let begun = Instant::now();
        let calls = (0..1_000).map(|_| {
            let request = Box::new(Request::new(Body::empty()));
            pace.around(request, Answers(outcome))
        });
        join_all(calls).await;
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_of_an_identity_are_held_and_other_outcomes_are_not() {
        let pace = Pace::default();
        assert!(took(&pace, Code::Unauthenticated).await > Duration::from_millis(900));
        for outcome in [Code::Ok, Code::PermissionDenied, Code::InvalidArgument] {
            assert_eq!(took(&pace, outcome).await, Duration::ZERO);
        }
    }
}
