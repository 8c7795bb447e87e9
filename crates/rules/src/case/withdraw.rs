//! A request is taken back: who may, and what becomes of its clocks?

use super::decision::Withdrawal;
use super::event::Withdrawn;
use super::provider::same_name;
use super::second_opinion::{Requester, SecondOpinion};
use super::{Case, Context, Private, Refusal, State};
use crate::rules::{Clause, StopReason};

/// A request is taken back.
#[derive(Clone, Debug)]
pub struct Withdraw {
    /// By whom.
    pub withdrawn_by: Requester,
    /// Why; empty: not given.
    pub reason: Private,
}

/// Ends the review without a decision.
///
/// # Errors
/// In another state than `PENDING_REVIEW` or `NO_AUTHORIZATION_REQUIRED`; or (VI.A) when who withdraws did not ask, or
/// is a health professional and a member or representative asked too.
pub fn withdraw(
    case: &Case,
    command: Withdraw,
    context: &Context<'_>,
) -> Result<Withdrawn, Refusal> {
    case.allow(
        "WithdrawSecondOpinion",
        &[State::PendingReview, State::NoAuthorizationRequired],
    )?;
    may_withdraw(&command.withdrawn_by, &case.current.request)?;
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

/// The member may always take back what was asked for the member; a representative and a professional what they
/// themselves asked for, and a professional only where no one else asked.
fn may_withdraw(by: &Requester, request: &SecondOpinion) -> Result<(), Refusal> {
    let refuse = |message| Err(Refusal::by(Clause::Access, message));
    match by {
        Requester::Member => Ok(()),
        Requester::AuthorizedRepresentative(by) => {
            let asked = request.requesters.iter().any(|requester| match requester {
                Requester::AuthorizedRepresentative(asked) => {
                    by.full_name.is_empty()
                        || asked.full_name.is_empty()
                        || same_name(by.full_name.as_str(), asked.full_name.as_str())
                }
                Requester::Member | Requester::HealthProfessional(_) => false,
            });
            if asked {
                Ok(())
            } else {
                refuse("this representative is not among those who asked")
            }
        }
        Requester::HealthProfessional(by) => {
            if request
                .requesters
                .iter()
                .any(|requester| !matches!(requester, Requester::HealthProfessional(_)))
            {
                return refuse(
                    "a health professional cannot withdraw what a member or representative asked for",
                );
            }
            let asked = request.requesters.iter().any(|requester| match requester {
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
            if asked {
                Ok(())
            } else {
                refuse("this health professional is not among those who asked")
            }
        }
    }
}
