//! Layers
pub mod request_id;
