//! Who is calling? Without a good identity no medical-opinion service is reached.

use std::sync::Arc;

use http::{Request, Response, header::AUTHORIZATION};
use tonic::{Status, body::Body};

use super::around::{Inner, Middleware};
use super::audit::AuditRecord;
use crate::clock::Clock;
use crate::identity::Verifier;
use crate::rpc::error::CallError;

/// Verifies the caller's token and hands the identity on.
#[derive(Clone)]
pub struct Auth {
    /// The verifier.
    pub verifier: Arc<Verifier>,
    /// The server's clock.
    pub clock: Arc<dyn Clock>,
}

impl Middleware for Auth {
    async fn around(self, mut request: Request<Body>, inner: impl Inner) -> Response<Body> {
        let header = request.headers().get(AUTHORIZATION);
        // A value that is not text is no token; the verifier says so.
        let authorization = header.map(|value| value.to_str().unwrap_or("?"));
        let verified = self.verifier.verify(authorization, self.clock.now()).await;
        match verified {
            Ok(identity) => {
                if let Some(record) = request.extensions().get::<Arc<AuditRecord>>() {
                    record.caller_is(Arc::clone(&identity));
                }
                request.extensions_mut().insert(identity);
                inner.ask(request).await
            }
            Err(error) => Status::from(CallError::from(error)).into_http(),
        }
    }
}
