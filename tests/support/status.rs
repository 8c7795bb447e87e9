//! Reads the details of a status.

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// The reason of the `ErrorInfo`; empty if there is none.
pub fn reason(status: &Status) -> String {
    let details = status.get_error_details();
    let info = details.error_info();
    if let Some(info) = info {
        assert_eq!(info.domain, "um.secondopinion");
    }
    info.map(|info| info.reason.clone()).unwrap_or_default()
}

/// The fields of a `BadRequest`.
pub fn fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = details
        .bad_request()
        .map(|it| it.field_violations.clone())
        .unwrap_or_default();
    violations
        .into_iter()
        .map(|violation| violation.field)
        .collect()
}

/// The types of a `PreconditionFailure`: clause ids, or STATE.
pub fn clauses(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = details
        .precondition_failure()
        .map(|it| it.violations.clone())
        .unwrap_or_default();
    violations
        .into_iter()
        .map(|violation| violation.r#type)
        .collect()
}

/// The code and the reason.
pub fn code_and_reason(status: &Status) -> (Code, String) {
    (status.code(), reason(status))
}
