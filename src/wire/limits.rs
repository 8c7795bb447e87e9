//! The limit on messages and the header that names a caller's compressions.

/// The header with the compressions that a caller can read.
pub const ACCEPT_ENCODING: &str = "grpc-accept-encoding";

/// Maximum size of a message, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 1024 * 1024;
