//! A licensed reviewer denies, in writing (VI.F). The only call that does.

use tonic::Request;

use super::{Caller, Calls, change, content};
use crate::case::{Case, Context, Denied, Deny, Person, deny};
use crate::commit::Proposal;
use crate::error::CallError;
use crate::notice;
use crate::wire::parse;
use crate::wire::v1::{IssueDenialRequest, IssueDenialResponse};

pub(super) async fn answer(
    calls: &Calls,
    request: Request<IssueDenialRequest>,
) -> Result<IssueDenialResponse, CallError> {
    let (caller, person) = Caller::reviewing(&request)?;
    let message = request.get_ref();
    let content = content("IssueDenial", message);
    let command = parse::issue_denial(message)?;
    let judge =
        |case: &Case, command, context: &Context<'_>| judge(calls, case, command, person, context);
    if message.validate_only {
        let (determination, letters) = change::preview(calls, &caller, command, judge).await?;
        let notice_text = calls.shown_letter(&letters)?;
        return Ok(IssueDenialResponse {
            determination: Some(determination),
            notice_text,
        });
    }
    let determination = change::change(calls, &caller, content, command, judge).await?;
    Ok(IssueDenialResponse {
        determination: Some(determination),
        notice_text: String::new(),
    })
}

fn judge(
    calls: &Calls,
    case: &Case,
    command: Deny,
    person: Person,
    context: &Context<'_>,
) -> Result<Proposal<Denied>, CallError> {
    let proposed = deny(case, command, &person, context)?;
    let letters = notice::denial(proposed.denial(), calls.making(case, context.now))?;
    let mut references = letters.iter().map(|letter| letter.reference.clone());
    let event = references
        .next()
        .and_then(|to_member| proposed.issued(to_member, references.collect()))
        .ok_or_else(|| CallError::Defect("a denial's letter is of another kind".to_owned()))?;
    Ok(Proposal { event, letters })
}
