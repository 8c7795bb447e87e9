//! The audit line: one a call on the log target `audit`, reads included, without PHI.

use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use tonic::Code;
use uuid::Uuid;

use super::outcome::{self, Observer};
use crate::call::{self, AuditRecord, CallId};
use crate::identity::Identity;
use crate::telemetry::audit;
use crate::telemetry::metrics::Method;
use crate::wire::status::code_name;

/// Writes the line of a call once its outcome is known.
pub(super) async fn write_line(mut request: Request, next: Next) -> Response {
    let record = Arc::new(AuditRecord::default());
    request.extensions_mut().insert(Arc::clone(&record));
    let line = Line {
        rpc: rpc_name(request.uri().path()),
        call: call::current(),
        record,
        written: false,
    };
    outcome::observe(next.run(request).await, line)
}

/// The name of the call in the contract. A name of the caller's own making may say anything, and is not logged.
fn rpc_name(path: &str) -> &'static str {
    match Method::of(path).parts() {
        (Some(_), name) => name,
        (None, _) => "?",
    }
}

/// A line that is written once: with the outcome, or when the call is dropped without one.
struct Line {
    rpc: &'static str,
    call: Option<CallId>,
    record: Arc<AuditRecord>,
    written: bool,
}

impl Line {
    fn write(&mut self, outcome: &str) {
        if std::mem::replace(&mut self.written, true) {
            return;
        }
        let caller = self.record.caller();
        let determination = self.record.determination().map(|id| id.to_string());
        let request = self.call.map_or_else(Uuid::nil, |call| call.id);
        let trace = self.call.and_then(|call| call.trace);
        tracing::info!(
            target: audit::TARGET,
            caller = caller.map(Identity::key).as_deref().unwrap_or("unknown"),
            actor_type = caller.map_or("unknown", |identity| identity.actor_type.as_str()),
            rpc = self.rpc,
            determination_id = determination.as_deref().unwrap_or(""),
            outcome,
            request_id = %request,
            trace_id = trace.map(tracing::field::display),
            "call"
        );
    }
}

impl Observer for Line {
    fn ended(&mut self, code: Code) {
        self.write(code_name(code));
    }
}

impl Drop for Line {
    /// The caller went away, its time ran out, or the call panicked.
    fn drop(&mut self) {
        self.write(if std::thread::panicking() {
            "INTERNAL"
        } else {
            "UNANSWERED"
        });
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::io;
    use std::panic::AssertUnwindSafe;
    use std::sync::Mutex;
    use std::time::Duration;

    use axum::body::Body;
    use axum::middleware::from_fn;
    use futures::FutureExt as _;
    use tonic::Status;
    use tower::{ServiceBuilder, ServiceExt as _};

    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("a lock").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The end of a call.
    #[derive(Clone, Copy)]
    enum End {
        Status(Code),
        Panic,
        Never,
        /// The answer has a message, and its body is dropped before its trailers.
        Dropped,
    }

    async fn answer(end: End) -> Result<Response, Infallible> {
        match end {
            End::Status(code) => Ok(Status::new(code, "").into_http()),
            End::Panic => panic!("a defect"),
            End::Never => std::future::pending().await,
            End::Dropped => Ok(Response::default()),
        }
    }

    /// The log after a call with this end, which its caller gives up after a second.
    async fn log_of(end: End) -> String {
        let log = Log::default();
        let sink = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || sink.clone())
            .finish();
        let _guard = tracing::subscriber::set_default(subscriber);
        let service = ServiceBuilder::new()
            .layer(from_fn(write_line))
            .service_fn(move |_: Request| answer(end));
        let request = Request::post("/um.secondopinion.v1.PolicyService/GetPolicy");
        let call = service.oneshot(request.body(Body::empty()).expect("a request"));
        let call = tokio::time::timeout(Duration::from_secs(1), call);
        drop(AssertUnwindSafe(call).catch_unwind().await);
        let bytes = log.0.lock().expect("a lock").clone();
        String::from_utf8(bytes).expect("text")
    }

    #[tokio::test(start_paused = true)]
    async fn each_call_leaves_one_line_whatever_its_end() {
        for (end, outcome) in [
            (End::Status(Code::Ok), "OK"),
            (End::Status(Code::Unauthenticated), "UNAUTHENTICATED"),
            (End::Panic, "INTERNAL"),
            (End::Never, "UNANSWERED"),
            (End::Dropped, "UNANSWERED"),
        ] {
            let log = log_of(end).await;
            assert_eq!(log.matches("rpc=\"GetPolicy\"").count(), 1, "{log}");
            assert!(log.contains(&format!("outcome=\"{outcome}\"")), "{log}");
        }
    }
}
