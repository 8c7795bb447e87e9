//! Which service answers a path?
//!
//! A path names its service, so it is looked up by that name. tonic's own router puts every call through axum's bodies
//! and futures and back, which cost a read as much as rendering its answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tonic::body::Body;
use tonic::codec::CompressionEncoding::Gzip;
use tonic::server::NamedService;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt as _};

use crate::layer::{Answer, Answering, Guard, Guarded};
use crate::rpc::Calls;
use crate::wire::v1::policy_service_server::PolicyServiceServer;
use crate::wire::v1::second_opinion_service_server::SecondOpinionServiceServer;
use crate::wire::{self, MAX_MESSAGE_BYTES, status};

type Open = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

/// Every service. A call copies it, which counts one owner.
#[derive(Clone)]
pub struct Routes(Arc<Services>);

struct Services {
    /// This and the next are behind the guard.
    second_opinion: Guarded<SecondOpinionServiceServer<Calls>>,
    policy: Guarded<PolicyServiceServer<Calls>>,
    /// Health and reflection, which need no identity, by their names.
    open: [(&'static str, Open); 3],
}

impl Routes {
    /// The services.
    ///
    /// # Errors
    /// When the contract's descriptors cannot be served, which no build of this crate causes.
    pub fn new(
        calls: Arc<Calls>,
        guard: &Guard,
        health: &HealthReporter,
    ) -> Result<Self, tonic_reflection::server::Error> {
        // With the error details in it, grpcurl shows them in words.
        let reflection = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(wire::DESCRIPTOR)
                .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        let health = HealthServer::new(HealthService::from_health_reporter(health.clone()));
        // What may be sent compressed is also limited as it is once it is unpacked.
        let second_opinion = SecondOpinionServiceServer::from_arc(Arc::clone(&calls))
            .accept_compressed(Gzip)
            .send_compressed(Gzip)
            .max_decoding_message_size(MAX_MESSAGE_BYTES);
        let policy = PolicyServiceServer::from_arc(calls)
            .accept_compressed(Gzip)
            .send_compressed(Gzip)
            .max_decoding_message_size(MAX_MESSAGE_BYTES);
        Ok(Self(Arc::new(Services {
            second_opinion: guard.around(second_opinion),
            policy: guard.around(policy),
            open: [
                open(health.accept_compressed(Gzip)),
                open(reflection().build_v1()?.accept_compressed(Gzip)),
                open(reflection().build_v1alpha()?.accept_compressed(Gzip)),
            ],
        })))
    }
}

/// A service that everyone may call, by its name.
fn open<S>(service: S) -> (&'static str, Open)
where
    S: Answering<Future: 'static> + NamedService + Sync,
{
    (S::NAME, BoxCloneSyncService::new(service))
}

impl Service<Request<Body>> for Routes {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    /// Always ready, as each of the services is.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Answer {
        let services = &*self.0;
        match service(request.uri().path()) {
            SecondOpinionServiceServer::<Calls>::NAME => services.second_opinion.answer(request),
            PolicyServiceServer::<Calls>::NAME => services.policy.answer(request),
            name => match services.open.iter().find(|(known, _)| *known == name) {
                Some((_, service)) => Box::pin(service.clone().oneshot(request)),
                None => Box::pin(std::future::ready(Ok(status::unknown_call().into_http()))),
            },
        }
    }
}

/// The service that a path names: `/package.Service/Method`. What is no such path names none.
fn service(path: &str) -> &str {
    path.strip_prefix('/')
        .and_then(|path| path.split_once('/'))
        .map_or("", |(service, _)| service)
}

#[cfg(test)]
mod tests {
    use super::service;

    #[test]
    fn a_path_names_its_service() {
        assert_eq!(service("/a.b.C/Do"), "a.b.C");
        assert_eq!(service("/a.b.C/Do/more"), "a.b.C");
        for none in ["", "/", "/a.b.C", "a.b.C/Do", "//Do"] {
            assert_eq!(service(none), "", "{none}");
        }
    }
}
