//! `IssueApproval`: a reviewer approves a provider outside the network (VI.A).

use tonic::Request;

use super::{Caller, Calls, change, content};
use crate::case::{Approve, Approved, Case, Context, Person, approve};
use crate::commit::Proposal;
use crate::error::CallError;
use crate::notice;
use crate::wire::parse;
use crate::wire::v1::{Determination, IssueApprovalRequest, IssueApprovalResponse};

pub(super) async fn handle(
    calls: &Calls,
    request: Request<IssueApprovalRequest>,
) -> Result<IssueApprovalResponse, CallError> {
    let (caller, person) = Caller::reviewer(&request)?;
    let message = request.get_ref();
    let content = content("IssueApproval", message);
    let command = match parse::issue_approval(message, calls.clock.now()) {
        Ok(command) => command,
        Err(malformed) => {
            let request_id = &message.request_id;
            let first =
                change::replay_or_reject(calls, &caller, content, request_id, malformed).await?;
            return Ok(response(first, String::new()));
        }
    };
    let decide =
        |case: &Case, command, context: &Context<'_>| decide(calls, case, command, person, context);
    if message.validate_only {
        let (determination, letters) = change::preview(calls, &caller, command, decide).await?;
        return Ok(response(determination, calls.letter_text(&letters)?));
    }
    let determination = change::commit_change(calls, &caller, content, command, decide).await?;
    Ok(response(determination, String::new()))
}

fn response(determination: Box<Determination>, notice_text: String) -> IssueApprovalResponse {
    IssueApprovalResponse {
        determination: Some(determination),
        notice_text,
    }
}

/// The approval with its letters.
fn decide(
    calls: &Calls,
    case: &Case,
    command: Approve,
    person: Person,
    context: &Context<'_>,
) -> Result<Proposal<Approved>, CallError> {
    let approved = approve(case, command, &person, context)?;
    let letters = notice::approval(&approved.approval, calls.making(case, context.now))?;
    Ok(Proposal::with_letters(letters, |notices| Approved {
        notices,
        ..approved
    }))
}
