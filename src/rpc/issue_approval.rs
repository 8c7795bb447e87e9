//! A reviewer approves a provider outside the network (VI.A).

use tonic::Request;

use super::{Caller, Calls, change, content};
use crate::case::{Approve, Approved, Case, Context, Person, approve};
use crate::commit::Proposal;
use crate::error::CallError;
use crate::notice;
use crate::wire::parse;
use crate::wire::v1::{Determination, IssueApprovalRequest, IssueApprovalResponse};

pub(super) async fn answer(
    calls: &Calls,
    request: Request<IssueApprovalRequest>,
) -> Result<IssueApprovalResponse, CallError> {
    let (caller, person) = Caller::reviewing(&request)?;
    let message = request.get_ref();
    let content = content("IssueApproval", message);
    let command = match parse::issue_approval(message, calls.clock.now()) {
        Ok(command) => command,
        Err(malformed) => {
            let first =
                change::again(calls, &caller, content, &message.request_id, malformed).await?;
            return Ok(answered(first));
        }
    };
    let judge =
        |case: &Case, command, context: &Context<'_>| judge(calls, case, command, person, context);
    if message.validate_only {
        let (determination, letters) = change::preview(calls, &caller, command, judge).await?;
        let notice_text = calls.shown_letter(&letters)?;
        return Ok(IssueApprovalResponse {
            determination: Some(determination),
            notice_text,
        });
    }
    let determination = change::change(calls, &caller, content, command, judge).await?;
    Ok(answered(determination))
}

fn answered(determination: Box<Determination>) -> IssueApprovalResponse {
    IssueApprovalResponse {
        determination: Some(determination),
        notice_text: String::new(),
    }
}

fn judge(
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
