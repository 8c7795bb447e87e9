//! Facts are learned after submission (VI.A to VI.C).

use tonic::Request;

use super::error::CallError;
use super::{Caller, Calls, change, content};
use crate::case::verify;
use crate::identity::Scope;
use crate::wire::parse;
use crate::wire::v1::{RecordVerificationRequest, RecordVerificationResponse};

pub(super) async fn answer(
    calls: &Calls,
    request: Request<RecordVerificationRequest>,
) -> Result<RecordVerificationResponse, CallError> {
    let caller = Caller::with_scope(&request, Scope::Verify)?;
    let message = request.get_ref();
    let content = content("RecordVerification", message);
    let command = parse::record_verification(message)?;
    let determination = change::change(
        calls,
        &caller,
        content,
        command,
        |case, command, context| Ok(verify(case, command, context)?.into()),
    )
    .await?;
    Ok(RecordVerificationResponse {
        determination: Some(determination),
    })
}
