//! `ExpediteSecondOpinion`: a claim of urgency after submission (III.A, VI.D.1).

use tonic::Request;

use super::{Caller, Calls, change, content};
use crate::case::expedite;
use crate::commit::Proposal;
use crate::error::CallError;
use crate::identity::Scope;
use crate::wire::parse;
use crate::wire::v1::{ExpediteSecondOpinionRequest, ExpediteSecondOpinionResponse};

pub(super) async fn handle(
    calls: &Calls,
    request: Request<ExpediteSecondOpinionRequest>,
) -> Result<ExpediteSecondOpinionResponse, CallError> {
    let caller = Caller::with_scope(&request, Scope::Submit)?;
    let message = request.get_ref();
    let content = content("ExpediteSecondOpinion", message);
    let determination = match parse::expedite(message, calls.clock.now()) {
        Ok(command) => {
            change::commit_change(
                calls,
                &caller,
                content,
                command,
                |case, command, context| {
                    Ok(Proposal::without_letters(expedite(case, command, context)?))
                },
            )
            .await?
        }
        Err(malformed) => {
            change::replay_or_reject(calls, &caller, content, &message.request_id, malformed)
                .await?
        }
    };
    Ok(ExpediteSecondOpinionResponse {
        determination: Some(determination),
    })
}
