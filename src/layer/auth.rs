//! Who is calling? Without a good identity no medical-opinion service is reached.

use std::sync::Arc;

use http::{HeaderMap, Response, header::AUTHORIZATION};
use tonic::{Status, body::Body};

use super::around::{Inner, Middleware, Question};
use super::audit::AuditRecord;
use super::size;
use crate::clock::Clock;
use crate::connections::Connection;
use crate::identity::{Certified, Identity, TokenError, Verifier};
use crate::rpc::error::CallError;

/// Finds out who calls, and hands the identity on.
#[derive(Clone)]
pub struct Auth {
    /// Who verifies tokens; `None`: none are taken.
    pub verifier: Option<Arc<Verifier>>,
    /// The server's clock.
    pub clock: Arc<dyn Clock>,
}

impl Middleware for Auth {
    async fn around(&self, mut request: Question, inner: impl Inner) -> Response<Body> {
        let connection = request.extensions().get::<Arc<Connection>>();
        let caller = self.caller(request.headers(), connection.map(|held| &**held));
        match caller.await {
            Ok(identity) => {
                if let Some(record) = request.extensions().get::<Arc<AuditRecord>>() {
                    record.caller_is(Arc::clone(&identity));
                }
                request.extensions_mut().insert(identity);
                inner.ask(request).await
            }
            Err(error) => {
                size::hear_out(request.into_body()).await;
                Status::from(error).into_http()
            }
        }
    }
}

impl Auth {
    /// The caller by its token. Without one, by the certificate of its connection: a service may so call for a person,
    /// and a token that does not verify is not made up for by a certificate.
    async fn caller(
        &self,
        headers: &HeaderMap,
        connection: Option<&Connection>,
    ) -> Result<Arc<Identity>, CallError> {
        let header = headers.get(AUTHORIZATION);
        if header.is_none()
            && let Some(connection) = connection
        {
            match &connection.certified {
                Some(Certified::As(identity)) => return Ok(Arc::clone(identity)),
                Some(Certified::Unknown) => return Err(CallError::CertificateUnknown),
                None => {}
            }
        }
        // A value that is not text is no token; the verifier says so.
        let authorization = header.map(|value| value.to_str().unwrap_or("?"));
        match &self.verifier {
            Some(verifier) => Ok(verifier.verify(authorization, self.clock.now()).await?),
            None if header.is_none() => Err(TokenError::Missing.into()),
            // No issuer's tokens are taken, so no key is known.
            None => Err(TokenError::KeyUnknown.into()),
        }
    }
}
