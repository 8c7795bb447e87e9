//! Authentication: without a good identity no medical-opinion service is reached.

use std::sync::Arc;

use http::{Response, header::AUTHORIZATION};
use tonic::{Status, body::Body};

use super::around::{Inner, Middleware, Question};
use super::size;
use crate::call::{AuditRecord, Connection};
use crate::identity::Authenticator;

/// Authenticates the caller, and hands the identity on.
#[derive(Clone)]
pub struct Auth(pub Authenticator);

impl Middleware for Auth {
    async fn around(&self, mut request: Question, inner: impl Inner) -> Response<Body> {
        let connection = request.extensions().get::<Arc<Connection>>();
        let certified = connection.and_then(|connection| connection.certified.as_ref());
        let authorization = request.headers().get(AUTHORIZATION);
        match self.0.authenticate(authorization, certified).await {
            Ok(identity) => {
                if let Some(record) = request.extensions().get::<Arc<AuditRecord>>() {
                    record.set_caller(Arc::clone(&identity));
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
