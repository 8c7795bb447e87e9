//! A claim of urgency that is made after submission.

use chrono::{DateTime, Utc};

use super::event::Expedited;
use super::second_opinion::UrgencyClaim;
use super::{Case, CaseState, Context, Refusal, State};
use crate::rules::Urgency;

/// The command to expedite a request.
#[derive(Clone, Debug)]
pub struct Expedite {
    /// The claim.
    pub claim: UrgencyClaim,
    /// The instant at which the plan received it.
    pub received_at: DateTime<Utc>,
}

/// Makes a request urgent. No due instant moves later.
///
/// # Errors
/// In a state other than `PENDING_REVIEW` or `NO_AUTHORIZATION_REQUIRED`, or when the claim was received before the
/// request itself.
pub fn expedite(
    case: &Case,
    command: Expedite,
    context: &Context<'_>,
) -> Result<Expedited, Refusal> {
    case.allow(
        "ExpediteSecondOpinion",
        &[State::PendingReview, State::NoAuthorizationRequired],
    )?;
    let current = &case.current;
    let opened = current.request.received_at;
    // A receipt may be slightly ahead of this server's clock; the claim is then taken as received with the request.
    let received_at = if opened > context.now {
        command.received_at.max(opened)
    } else {
        command.received_at
    };
    if received_at < opened {
        return Err(Refusal::State {
            state: current.state,
            message: "the request to expedite cannot have been received before the request itself"
                .to_owned(),
        });
    }
    let mut request = current.request.clone();
    request.claim_urgency(&command.claim);
    let urgent_since = current.urgent_since_after(received_at);
    let evaluation = context.policy.evaluate(&request.inquiry(urgent_since));

    let mut clocks = current.clocks.clone();
    // Where no authorization is needed the evaluation has no clocks.
    if current.assessment.urgency == Urgency::Routine {
        for started in evaluation.clocks {
            match clocks.iter_mut().find(|clock| clock.kind == started.kind) {
                Some(clock) => clock.add_limits(started.limits),
                None => clocks.push(started),
            }
        }
        clocks.sort_by_key(|clock| clock.kind);
    }
    Ok(Expedited {
        claim: command.claim,
        received_at,
        assessment: evaluation.assessment,
        clocks,
    })
}

impl CaseState {
    /// The instant from which urgent hours count once a request to expedite has been received: the first one received
    /// for a routine request. Later ones do not move it.
    pub(super) fn urgent_since_after(&self, received_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self.assessment.urgency {
            Urgency::Routine => Some(received_at),
            Urgency::Urgent => self.urgent_since,
        }
    }
}
