//! The audit line: one a call on the log target `audit`, reads included, without PHI.

use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use tonic::Code;
use uuid::Uuid;

use super::outcome::{self, Observer};
use crate::call::{self, AUDIT_TARGET, AuditRecord, CallId};
use crate::identity::Identity;
use crate::ops::Method;
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
            target: AUDIT_TARGET,
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
