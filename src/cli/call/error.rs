//! The failure of a call.

use tonic::Code;

/// The failure of a call.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Wrong usage: nothing was sent.
    #[error("{0}")]
    Usage(String),
    /// No server can be reached at the address.
    #[error("no server can be reached at `{address}`: {cause}")]
    Unreachable {
        /// The address.
        address: String,
        /// The cause.
        cause: String,
    },
    /// The server answered with an error.
    #[error("{report}")]
    Refused {
        /// The code.
        code: Code,
        /// The code's name, the message, and a line for each detail.
        report: String,
    },
    /// Any other failure.
    #[error("{0}")]
    Other(String),
}
