//! `SubmitSecondOpinion` (VI.A).

use chrono::{DateTime, Utc};
use tonic::Request;
use uuid::Uuid;

use super::{Caller, Calls, change, content};
use crate::case::{SecondOpinion, Submitted, submit};
use crate::commit::{Proposal, StagedCommit};
use crate::error::CallError;
use crate::identity::Scope;
use crate::notice::{self, LetterContext};
use crate::wire::parse;
use crate::wire::v1::{SubmitSecondOpinionRequest, SubmitSecondOpinionResponse};

pub(super) async fn handle(
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
            let staged = stage(calls, &caller, submission.command, now)?;
            change::commit_new(calls, &caller, content, submission.request_id, staged).await?
        }
        Err(malformed) => {
            change::replay_or_reject(calls, &caller, content, &request_id, malformed).await?
        }
    };
    Ok(SubmitSecondOpinionResponse {
        determination: Some(determination),
    })
}

/// The submission with its letters, staged as the first event of a new case.
fn stage(
    calls: &Calls,
    caller: &Caller,
    request: SecondOpinion,
    now: DateTime<Utc>,
) -> Result<StagedCommit, CallError> {
    let submitted = submit(request, &calls.context(now));
    // The letters name the case, so its id is made before they are.
    let id = Uuid::now_v7();
    let making = LetterContext {
        new_id: Uuid::now_v7,
        determination_id: id,
        request: &submitted.request,
        edition: submitted.edition,
        now,
        settings: calls.settings(),
        calendar: &calls.policy.calendar,
    };
    let letters = notice::submission(&submitted, making)?;
    let proposal = Proposal::with_letters(letters, |notices| Submitted {
        notices,
        ..submitted
    });
    Ok(StagedCommit::open(
        caller.actor(),
        id,
        proposal,
        now,
        &calls.reminder_thresholds,
    )?)
}
