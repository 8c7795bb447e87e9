//! The submission of a request.

use super::Context;
use super::event::Submitted;
use super::second_opinion::SecondOpinion;

/// Submits a request. Missing information does not reject it.
#[must_use]
pub fn submit(request: SecondOpinion, context: &Context<'_>) -> Submitted {
    let evaluation = context.policy.evaluate(&request.inquiry(None));
    Submitted {
        request,
        edition: evaluation.edition.version,
        assessment: evaluation.assessment,
        clocks: evaluation.clocks,
        notices: Vec::new(),
    }
}
