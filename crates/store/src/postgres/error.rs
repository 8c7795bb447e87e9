//! Errors of the database: their codes, and never a value of a row or a part of the URL.

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
            // The cause of the cause could name a value that could not be read or written.
            None => error.to_string(),
        })
    }
}

/// The reason why no connection could be made. No row was read or sent, so the server's message can be shown.
pub(super) fn unreachable(error: &Error) -> String {
    let mut reason = match error.as_db_error() {
        Some(answered) => {
            let (code, message) = (answered.code().code(), answered.message());
            return format!("PostgreSQL refused: {message} ({code})");
        }
        None => error.to_string(),
    };
    let mut source = error.source();
    while let Some(cause) = source {
        // Writing to a string cannot fail.
        let _ = write!(reason, ": {cause}");
        source = cause.source();
    }
    reason
}

/// Whether the server rolled a transaction back for another's sake, so that it may be tried again as it is.
pub(super) fn is_transient(error: &Error) -> bool {
    error.code().is_some_and(|code| {
        [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
        ]
        .contains(code)
    })
}
