//! What does the span of a call say? By OpenTelemetry's conventions for gRPC.

use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, Status};
use opentelemetry_sdk::trace::Span;
use tonic::Code;
use uuid::Uuid;

use crate::telemetry::metrics::Method;

/// The span of a call under way. Dropped unended, there was no answer: the caller hung up.
pub struct CallSpan {
    span: Span,
    method: Method,
    request: Uuid,
}

impl CallSpan {
    pub(super) fn new(span: Span, method: Method, request: Uuid) -> Self {
        Self {
            span,
            method,
            request,
        }
    }

    /// The call ended so. Only the first of these counts.
    pub fn end(&mut self, code: Code) {
        if !self.span.is_recording() {
            return;
        }
        self.span.set_attribute(KeyValue::new("rpc.system", "grpc"));
        let (service, method) = self.method.parts();
        if let Some(service) = service {
            self.span
                .set_attribute(KeyValue::new("rpc.service", service));
        }
        self.span.set_attribute(KeyValue::new("rpc.method", method));
        let code_number = i64::from(i32::from(code));
        self.span
            .set_attribute(KeyValue::new("rpc.grpc.status_code", code_number));
        let request = self.request.to_string();
        self.span
            .set_attribute(KeyValue::new("second_opinion.request_id", request));
        if is_failure(code) {
            // Why is in the log, under the request id: a status may quote what a caller wrote.
            self.span.set_status(Status::error(""));
        }
        self.span.end();
    }
}

impl Drop for CallSpan {
    fn drop(&mut self) {
        self.end(Code::Cancelled);
    }
}

/// Whether a server failed its caller, as against refusing it.
fn is_failure(code: Code) -> bool {
    match code {
        Code::Unknown
        | Code::DeadlineExceeded
        | Code::Unimplemented
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => true,
        Code::Ok
        | Code::Cancelled
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unauthenticated => false,
    }
}
