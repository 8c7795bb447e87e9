//! A request is made urgent: which clocks start, and which gain a limit?

use chrono::{DateTime, Utc};

use super::clock::Clock;
use super::event::Expedited;
use super::second_opinion::UrgencyClaim;
use super::{Case, Context, EventBody, Refusal, State};
use crate::rules::Urgency;

/// A claim that a request is urgent, made after it came in.
#[derive(Clone, Debug)]
pub struct Expedite {
    /// The claim.
    pub claim: UrgencyClaim,
    /// When the plan received it.
    pub received_at: DateTime<Utc>,
}

/// Makes a request urgent from now on. A due instant never moves later.
///
/// # Errors
/// In another state than `PENDING_REVIEW` or `NO_AUTHORIZATION_REQUIRED`, or when the claim was received before the
/// request itself.
pub fn expedite(
    case: &Case,
    command: Expedite,
    context: &Context<'_>,
) -> Result<EventBody, Refusal> {
    case.allow(
        "ExpediteSecondOpinion",
        &[State::PendingReview, State::NoAuthorizationRequired],
    )?;
    let file = &case.file;
    let opened = file.request.received_at;
    // A receipt may lie a little ahead of this server's clock; a request to expedite cannot be asked to lie ahead too.
    let received_at = if opened > context.now {
        command.received_at.max(opened)
    } else {
        command.received_at
    };
    if received_at < opened {
        return Err(Refusal::State {
            state: file.state,
            message: "the request to expedite cannot have been received before the request itself"
                .to_owned(),
        });
    }
    let mut request = file.request.clone();
    request.urgency_claim = Some(match request.urgency_claim.take() {
        Some(held) => held.filled_with(&command.claim),
        None => command.claim.clone(),
    });
    let first_claim = file.assessment.urgency == Urgency::Routine;
    let urgent_since = if first_claim {
        Some(received_at)
    } else {
        file.urgent_since
    };
    let evaluation = context.policy.evaluate(&request.inquiry(urgent_since));

    let mut clocks = file.clocks.clone();
    // On the network way the evaluation has none.
    if first_claim {
        for start in evaluation.clocks {
            match clocks.iter_mut().find(|clock| clock.kind == start.kind) {
                Some(clock) => clock.gain(start.limits),
                None => clocks.push(Clock::from(start)),
            }
        }
        clocks.sort_by_key(|clock| clock.kind);
    }
    Ok(EventBody::Expedited(Box::new(Expedited {
        claim: command.claim,
        received_at,
        assessment: evaluation.assessment,
        clocks,
    })))
}
