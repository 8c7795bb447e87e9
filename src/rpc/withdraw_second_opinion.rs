//! `WithdrawSecondOpinion`.

use tonic::Request;

use super::{Caller, Calls, change, content};
use crate::case::withdraw;
use crate::commit::Proposal;
use crate::error::CallError;
use crate::identity::Scope;
use crate::wire::parse;
use crate::wire::v1::{WithdrawSecondOpinionRequest, WithdrawSecondOpinionResponse};

pub(super) async fn handle(
    calls: &Calls,
    request: Request<WithdrawSecondOpinionRequest>,
) -> Result<WithdrawSecondOpinionResponse, CallError> {
    let caller = Caller::with_scope(&request, Scope::Submit)?;
    let message = request.get_ref();
    let content = content("WithdrawSecondOpinion", message);
    let command = parse::withdraw(message)?;
    let determination = change::commit_change(
        calls,
        &caller,
        content,
        command,
        |case, command, context| Ok(Proposal::without_letters(withdraw(case, command, context)?)),
    )
    .await?;
    Ok(WithdrawSecondOpinionResponse {
        determination: Some(determination),
    })
}
