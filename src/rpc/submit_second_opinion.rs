//! A request comes in (VI.A).

use tonic::Request;

use super::error::CallError;
use super::{Caller, Calls, change, content};
use crate::case::submit;
use crate::identity::Scope;
use crate::wire::parse;
use crate::wire::v1::{SubmitSecondOpinionRequest, SubmitSecondOpinionResponse};

pub(super) async fn answer(
    calls: &Calls,
    request: Request<SubmitSecondOpinionRequest>,
) -> Result<SubmitSecondOpinionResponse, CallError> {
    let caller = Caller::with_scope(&request, Scope::Submit)?;
    let message = request.into_inner();
    let content = content("SubmitSecondOpinion", &message);
    let now = calls.clock.now();
    let request_id = message.request_id.clone();
    let determination = match parse::submit(message, now, &calls.policy.calendar) {
        Ok(submission) => {
            let body = submit(submission.command, &calls.context(now));
            change::open(calls, &caller, content, submission.request_id, body, now).await?
        }
        Err(malformed) => change::again(calls, &caller, content, &request_id, malformed).await?,
    };
    Ok(SubmitSecondOpinionResponse {
        determination: Some(determination),
    })
}
