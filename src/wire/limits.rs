//! The maximum message size, and the header that names a caller's compressions.

/// The header that names the compressions a caller accepts.
pub const ACCEPT_ENCODING: &str = "grpc-accept-encoding";

/// Maximum size of a message, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 1024 * 1024;
