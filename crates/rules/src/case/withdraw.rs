//! The withdrawal of a request.

use super::decision::Withdrawal;
use super::event::Withdrawn;
use super::provider::same_name;
use super::second_opinion::{Requester, SecondOpinion};
use super::{Case, Context, Private, Refusal, State};
use crate::rules::{Clause, StopReason};

/// The command to withdraw a request.
#[derive(Clone, Debug)]
pub struct Withdraw {
    /// The requester who withdraws.
    pub withdrawn_by: Requester,
    /// The reason; empty: not given.
    pub reason: Private,
}

/// Ends the review without a decision.
///
/// # Errors
/// In a state other than `PENDING_REVIEW` or `NO_AUTHORIZATION_REQUIRED`; or (VI.A) when the person who withdraws is not
/// among the requesters, or is a health professional and a member or representative is among them.
pub fn withdraw(
    case: &Case,
    command: Withdraw,
    context: &Context<'_>,
) -> Result<Withdrawn, Refusal> {
    case.allow(
        "WithdrawSecondOpinion",
        &[State::PendingReview, State::NoAuthorizationRequired],
    )?;
    check_requester(&command.withdrawn_by, &case.current.request)?;
    let mut clocks = case.current.clocks.clone();
    for clock in &mut clocks {
        clock.stop(context.now, StopReason::NotNeeded);
    }
    let withdrawal = Withdrawal {
        withdrawn_by: command.withdrawn_by,
        reason: command.reason,
        withdrawn_at: context.now,
    };
    Ok(Withdrawn { withdrawal, clocks })
}

/// The member may withdraw any request; a representative and a professional one that they made, and a professional only
/// where all requesters are professionals.
fn check_requester(by: &Requester, request: &SecondOpinion) -> Result<(), Refusal> {
    let refuse = |message| Err(Refusal::by(Clause::Access, message));
    match by {
        Requester::Member => Ok(()),
        Requester::AuthorizedRepresentative(by) => {
            let is_requester = request.requesters.iter().any(|requester| match requester {
                Requester::AuthorizedRepresentative(asked) => {
                    by.full_name.is_empty()
                        || asked.full_name.is_empty()
                        || same_name(by.full_name.as_str(), asked.full_name.as_str())
                }
                Requester::Member | Requester::HealthProfessional(_) => false,
            });
            if is_requester {
                Ok(())
            } else {
                refuse("this representative is not among the requesters")
            }
        }
        Requester::HealthProfessional(by) => {
            if request
                .requesters
                .iter()
                .any(|requester| !matches!(requester, Requester::HealthProfessional(_)))
            {
                return refuse(
                    "a health professional cannot withdraw the request of a member or representative",
                );
            }
            let is_requester = request.requesters.iter().any(|requester| match requester {
                Requester::HealthProfessional(asked) => match (&asked.npi, &by.npi) {
                    (Some(asked), Some(by)) => asked == by,
                    _ => {
                        by.full_name.is_empty()
                            || asked.full_name.is_empty()
                            || same_name(by.full_name.as_str(), asked.full_name.as_str())
                    }
                },
                Requester::Member | Requester::AuthorizedRepresentative(_) => false,
            });
            if is_requester {
                Ok(())
            } else {
                refuse("this health professional is not among the requesters")
            }
        }
    }
}
