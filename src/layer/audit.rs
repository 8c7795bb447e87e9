//! Who asked for what, and what came of it? One line a call on the log target `audit`, reads included, without PHI.

use std::sync::Arc;

use http::Response;
use tonic::{Code, body::Body};
use uuid::Uuid;

use super::around::{Inner, Middleware, Question};
use super::outcome::{self, Ending};
use crate::call::{self, AUDIT_TARGET, AuditRecord, CallId};
use crate::ops::Method;
use crate::wire::status::code_name;

/// Leaves the audit line of each call.
#[derive(Clone, Copy, Debug)]
pub struct Audit;

impl Middleware for Audit {
    async fn around(&self, mut request: Question, inner: impl Inner) -> Response<Body> {
        let record = Arc::new(AuditRecord::default());
        request.extensions_mut().insert(Arc::clone(&record));
        let line = Line {
            rpc: rpc(request.uri().path()),
            call: call::current(),
            record,
            written: false,
        };
        let response = inner.ask(request).await;
        outcome::watched(response, line)
    }
}

/// Its name as the contract has it. A name of the caller's making may say anything, and is not logged.
fn rpc(path: &str) -> &'static str {
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
            target: AUDIT_TARGET,
            caller = caller.map(|identity| identity.key()).as_deref().unwrap_or("unknown"),
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

impl Ending for Line {
    fn ended(&mut self, code: Code) {
        self.write(code_name(code));
    }
}

impl Drop for Line {
    /// The caller hung up, its time ran out, or the call panicked.
    fn drop(&mut self) {
        self.write(if std::thread::panicking() {
            "INTERNAL"
        } else {
            "UNANSWERED"
        });
    }
}
