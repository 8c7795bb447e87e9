//! Facts are learned after submission (VI.A to VI.C).

use tonic::Request;

use super::{Caller, Calls, change, content};
use crate::case::{Case, Context, Verified, Verify, verify};
use crate::commit::Proposal;
use crate::error::CallError;
use crate::identity::Scope;
use crate::notice;
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
        |case, command, context| judge(calls, case, command, context),
    )
    .await?;
    Ok(RecordVerificationResponse {
        determination: Some(determination),
    })
}

/// The facts with their letter: that no permission is needed, where the case moves to the network way (VI.A).
fn judge(
    calls: &Calls,
    case: &Case,
    command: Verify,
    context: &Context<'_>,
) -> Result<Proposal<Verified>, CallError> {
    let verified = verify(case, command, context)?;
    let mut request = case.current.request.clone();
    verified.apply_to(&mut request);
    let making = notice::Making {
        request: &request,
        ..calls.making(case, context.now)
    };
    let letters = notice::verification(case.current.state, &verified, making)?;
    Ok(Proposal::with_letters(letters, |notices| Verified {
        notices,
        ..verified
    }))
}
