//! Authentication: without a good identity no handler is reached.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::AUTHORIZATION;
use tonic::Status;

use crate::call::{AuditRecord, Connection};
use crate::identity::Authenticator;

/// Authenticates the caller, and hands the identity on to the handler and the audit line.
pub(super) async fn authenticate(
    State(authenticator): State<Authenticator>,
    mut request: Request,
    next: Next,
) -> Response {
    let connection = request.extensions().get::<Arc<Connection>>();
    let certified = connection.and_then(|connection| connection.certified.as_ref());
    let authorization = request.headers().get(AUTHORIZATION);
    match authenticator.authenticate(authorization, certified).await {
        Ok(identity) => {
            if let Some(record) = request.extensions().get::<Arc<AuditRecord>>() {
                record.set_caller(Arc::clone(&identity));
            }
            request.extensions_mut().insert(identity);
            next.run(request).await
        }
        Err(error) => Status::from(error).into_http(),
    }
}
