//! `RecordVerification` (VI.A to VI.C).

use tonic::Request;

use super::{Caller, Calls, change, content};
use crate::case::{Case, Context, Verified, Verify, verify};
use crate::commit::Proposal;
use crate::error::CallError;
use crate::identity::Scope;
use crate::notice;
use crate::wire::parse;
use crate::wire::v1::{RecordVerificationRequest, RecordVerificationResponse};

pub(super) async fn handle(
    calls: &Calls,
    request: Request<RecordVerificationRequest>,
) -> Result<RecordVerificationResponse, CallError> {
    let caller = Caller::with_scope(&request, Scope::Verify)?;
    let message = request.get_ref();
    let content = content("RecordVerification", message);
    let command = parse::record_verification(message)?;
    let determination = change::commit_change(
        calls,
        &caller,
        content,
        command,
        |case, command, context| decide(calls, case, command, context),
    )
    .await?;
    Ok(RecordVerificationResponse {
        determination: Some(determination),
    })
}

/// The verification with its letter, which states that no permission is needed any more (VI.A).
fn decide(
    calls: &Calls,
    case: &Case,
    command: Verify,
    context: &Context<'_>,
) -> Result<Proposal<Verified>, CallError> {
    let verified = verify(case, command, context)?;
    let mut request = case.current.request.clone();
    verified.apply_to(&mut request);
    let making = notice::LetterContext {
        request: &request,
        ..calls.making(case, context.now)
    };
    let letters = notice::verification(case.current.state, &verified, making)?;
    Ok(Proposal::with_letters(letters, |notices| Verified {
        notices,
        ..verified
    }))
}
