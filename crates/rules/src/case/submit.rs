//! A request comes in: what does it become?

use super::Context;
use super::event::Submitted;
use super::second_opinion::SecondOpinion;

/// Takes a request in. Nothing that is merely missing refuses one.
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
