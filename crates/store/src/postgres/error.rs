//! What may be said of an error of the database's? Its code, never what a row holds or what the URL does.

use std::error::Error as _;
use std::fmt::Write as _;

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::StoreError;

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        Self::Unavailable(match error.as_db_error() {
            Some(answered) => {
                let severity = answered.severity();
                let code = answered.code().code();
                format!("PostgreSQL answered {severity} with SQLSTATE {code}")
            }
            // A value that could not be read or written would be named by the cause of the cause.
            None => error.to_string(),
        })
    }
}

/// No connection could be made. No row was read and none sent: what the server says can be told.
pub(super) fn unreachable(error: &Error) -> String {
    let mut said = match error.as_db_error() {
        Some(answered) => {
            let (code, message) = (answered.code().code(), answered.message());
            return format!("PostgreSQL refused: {message} ({code})");
        }
        None => error.to_string(),
    };
    let mut source = error.source();
    while let Some(cause) = source {
        // Writing to a string cannot fail.
        let _ = write!(said, ": {cause}");
        source = cause.source();
    }
    said
}

/// Whether the server undid a transaction for another's sake, so that it may be tried again as it is.
pub(super) fn is_transient(error: &Error) -> bool {
    error.code().is_some_and(|code| {
        [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
        ]
        .contains(code)
    })
}
