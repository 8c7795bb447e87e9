//! The report of an error reply.

use std::error::Error as _;

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::connection::unreachable_at;
use super::error::CallError;
use crate::wire::status::code_name;

pub(super) fn refusal(address: &str, status: &Status) -> CallError {
    match status.source() {
        // A status with a cause is from this side: the connection broke.
        Some(cause) if status.code() == Code::Unavailable => unreachable_at(address, cause),
        _ => CallError::Refused {
            code: status.code(),
            report: report(status),
        },
    }
}

/// The code's name, the message, and a line for each detail.
pub(super) fn report(status: &Status) -> String {
    let mut lines = vec![format!(
        "{}: {}",
        code_name(status.code()),
        status.message()
    )];
    let details = status.get_error_details();
    for violation in details
        .bad_request()
        .iter()
        .flat_map(|it| &it.field_violations)
    {
        lines.push(format!("{}: {}", violation.field, violation.description));
    }
    for violation in details
        .precondition_failure()
        .iter()
        .flat_map(|it| &it.violations)
    {
        // A description that the message already has is not repeated.
        if !status.message().contains(&violation.description) {
            lines.push(format!("{}: {}", violation.r#type, violation.description));
        }
    }
    if let Some(info) = details.error_info() {
        lines.push(format!("reason: {} ({})", info.reason, info.domain));
        let mut metadata: Vec<_> = info
            .metadata
            .iter()
            .map(|(key, value)| format!("{key}: {value}"))
            .collect();
        metadata.sort();
        lines.extend(metadata);
    }
    if let Some(resource) = details.resource_info() {
        let (kind, name) = (&resource.resource_type, &resource.resource_name);
        lines.push(format!(
            "resource: {kind} `{name}`: {}",
            resource.description
        ));
    }
    if let Some(delay) = details.retry_info().and_then(|it| it.retry_delay) {
        lines.push(format!("retry after: {delay:?}"));
    }
    if let Some(info) = details.request_info() {
        lines.push(format!("request: {}", info.request_id));
    }
    lines.join("\n  ")
}
