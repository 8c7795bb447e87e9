//! `EvaluateSecondOpinion`: the determination that a submission would become. Nothing is stored.

use tonic::Request;

use super::{Caller, Calls};
use crate::case::{CaseState, Context, SecondOpinion, submit};
use crate::error::CallError;
use crate::wire::render::RenderContext;
use crate::wire::v1::{Determination, EvaluateSecondOpinionRequest, EvaluateSecondOpinionResponse};
use crate::wire::{parse, render};

#[allow(clippy::unused_async, reason = "every handler has the same signature")]
pub(super) async fn handle(
    calls: &Calls,
    request: Request<EvaluateSecondOpinionRequest>,
) -> Result<EvaluateSecondOpinionResponse, CallError> {
    Caller::of(&request)?;
    let (request, as_of) = parse::evaluate(
        request.into_inner(),
        calls.clock.now(),
        &calls.policy.calendar,
    )?;
    let determination = evaluated(request, &calls.context(as_of), calls.shown(as_of));
    Ok(EvaluateSecondOpinionResponse {
        determination: Some(determination),
    })
}

/// The determination of a request that is not stored.
#[must_use]
pub fn evaluated(
    request: SecondOpinion,
    context: &Context<'_>,
    shown: RenderContext<'_>,
) -> Box<Determination> {
    render::evaluated(&CaseState::opened(submit(request, context)), shown)
}
