//! `IssueDenial`: a licensed reviewer denies, in writing (VI.F). No other call denies.

use tonic::Request;

use super::{Caller, Calls, change, content};
use crate::case::{Case, Context, Denied, Deny, Person, deny};
use crate::commit::Proposal;
use crate::error::CallError;
use crate::notice;
use crate::wire::parse;
use crate::wire::v1::{IssueDenialRequest, IssueDenialResponse};

pub(super) async fn handle(
    calls: &Calls,
    request: Request<IssueDenialRequest>,
) -> Result<IssueDenialResponse, CallError> {
    let (caller, person) = Caller::reviewer(&request)?;
    let message = request.get_ref();
    let content = content("IssueDenial", message);
    let command = parse::issue_denial(message)?;
    let decide =
        |case: &Case, command, context: &Context<'_>| decide(calls, case, command, person, context);
    if message.validate_only {
        let (determination, letters) = change::preview(calls, &caller, command, decide).await?;
        let notice_text = calls.letter_text(&letters)?;
        return Ok(IssueDenialResponse {
            determination: Some(determination),
            notice_text,
        });
    }
    let determination = change::commit_change(calls, &caller, content, command, decide).await?;
    Ok(IssueDenialResponse {
        determination: Some(determination),
        notice_text: String::new(),
    })
}

/// The denial with its letters; the member's comes first.
fn decide(
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
