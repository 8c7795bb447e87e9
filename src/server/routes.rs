//! The services, by whether they need an identity.

use std::sync::Arc;

use tonic::codec::CompressionEncoding::Gzip;
use tonic::service::Routes;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};
use tonic_reflection::server::Builder as Reflection;

use crate::rpc::Calls;
use crate::wire::v1::policy_service_server::PolicyServiceServer;
use crate::wire::v1::second_opinion_service_server::SecondOpinionServiceServer;
use crate::wire::{self, MAX_MESSAGE_BYTES};

/// The medical-opinion services, which need an identity.
#[must_use]
pub fn guarded(calls: Arc<Calls>) -> Routes {
    // The limit holds for what is decompressed, too.
    let second_opinion = SecondOpinionServiceServer::from_arc(Arc::clone(&calls))
        .accept_compressed(Gzip)
        .send_compressed(Gzip)
        .max_decoding_message_size(MAX_MESSAGE_BYTES);
    let policy = PolicyServiceServer::from_arc(calls)
        .accept_compressed(Gzip)
        .send_compressed(Gzip)
        .max_decoding_message_size(MAX_MESSAGE_BYTES);
    Routes::new(second_opinion).add_service(policy)
}

/// Health and reflection, which everyone may call.
///
/// # Errors
/// When the contract's descriptors cannot be served, which no build of this crate causes.
pub fn open(health: &HealthReporter) -> Result<Routes, tonic_reflection::server::Error> {
    let health = HealthServer::new(HealthService::from_health_reporter(health.clone()))
        .accept_compressed(Gzip)
        .max_decoding_message_size(MAX_MESSAGE_BYTES);
    // With the error details in it, grpcurl shows them in words.
    let reflection = || {
        Reflection::configure()
            .register_encoded_file_descriptor_set(wire::DESCRIPTOR)
            .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let v1 = reflection()
        .build_v1()?
        .accept_compressed(Gzip)
        .max_decoding_message_size(MAX_MESSAGE_BYTES);
    // For older tools.
    let v1alpha = reflection()
        .build_v1alpha()?
        .accept_compressed(Gzip)
        .max_decoding_message_size(MAX_MESSAGE_BYTES);
    Ok(Routes::new(health).add_service(v1).add_service(v1alpha))
}
