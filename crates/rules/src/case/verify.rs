//! Facts are learned after submission: what do they change?

use super::event::Verified;
use super::identifiers::redacted_debug;
use super::provider::{NetworkAvailability, Provider, same_name};
use super::second_opinion::{Member, SecondOpinion};
use super::{Case, Context, Private, Refusal, State};
use crate::rules::{Clause, Clock, ClockKind, Pathway, StopReason};

/// Facts that were learned. What is `None` stays as it was.
#[derive(Clone, Debug)]
pub struct Verify {
    /// Facts of the provider asked for; what it leaves unset stays.
    pub provider: Option<Provider>,
    /// The network's availability.
    pub network_availability: Option<NetworkAvailability>,
    /// The member, corrected.
    pub member: Option<MemberCorrection>,
}

/// A correction of the member. The id may be left out, and may not differ.
#[derive(Clone, Debug)]
pub struct MemberCorrection {
    /// The id, if it was given.
    pub member_id: Option<super::Cin>,
    /// Everything else, which replaces what was held.
    pub details: MemberDetails,
}

/// A member without the id.
#[derive(Clone)]
pub struct MemberDetails {
    /// The name.
    pub full_name: Private,
    /// Where letters go.
    pub address_lines: Vec<Private>,
    /// The language of letters.
    pub preferred_language: super::LanguageTag,
    /// The form of letters.
    pub alternative_format: super::AlternativeFormat,
    /// The language to speak.
    pub spoken_language: Option<super::LanguageTag>,
    /// Where given, every letter goes there and nowhere else.
    pub confidential_address_lines: Vec<Private>,
}

redacted_debug!(MemberDetails);

/// Fills facts in or corrects them and evaluates everything anew, under the edition of receipt.
///
/// # Errors
/// In another state than `PENDING_REVIEW` or `NO_AUTHORIZATION_REQUIRED`; or (VI.A) when another provider or another
/// member is named: another person is another request.
pub fn verify(case: &Case, command: Verify, context: &Context<'_>) -> Result<Verified, Refusal> {
    case.allow(
        "RecordVerification",
        &[State::PendingReview, State::NoAuthorizationRequired],
    )?;
    let held = &case.current.request;
    let provider = command
        .provider
        .map(|newer| corrected(held, &newer))
        .transpose()?;
    let member = command
        .member
        .map(|newer| corrected_member(&held.member, newer))
        .transpose()?;

    let network_availability = command.network_availability;
    let mut request = held.clone();
    request.learn(
        provider.as_ref(),
        network_availability.as_ref(),
        member.as_ref(),
    );
    let evaluation = context
        .policy
        .evaluate(&request.inquiry(case.current.urgent_since));
    let clocks = match evaluation.assessment.pathway {
        Pathway::NetworkAccess => no_longer_needed(&case.current.clocks, context),
        Pathway::PriorAuthorization => needed_again(&case.current.clocks, evaluation.clocks),
    };
    Ok(Verified {
        provider,
        network_availability,
        member,
        assessment: evaluation.assessment,
        clocks,
        notices: Vec::new(),
    })
}

impl Verified {
    /// Applies the facts to the request that they were learned about.
    pub fn apply_to(&self, request: &mut SecondOpinion) {
        request.learn(
            self.provider.as_ref(),
            self.network_availability.as_ref(),
            self.member.as_ref(),
        );
    }
}

impl SecondOpinion {
    /// Replaces what was learned anew; `None` stays as it was.
    fn learn(
        &mut self,
        provider: Option<&Provider>,
        network: Option<&NetworkAvailability>,
        member: Option<&Member>,
    ) {
        if let Some(provider) = provider {
            self.requested_provider = Some(provider.clone());
        }
        if let Some(network) = network {
            self.network_availability = Some(network.clone());
        }
        if let Some(member) = member {
            self.member = member.clone();
        }
    }
}

/// The provider asked for with the facts learned; never another one.
fn corrected(held: &SecondOpinion, newer: &Provider) -> Result<Provider, Refusal> {
    let named = newer.npi.is_some() || !newer.name.is_empty();
    let Some(provider) = &held.requested_provider else {
        return if named {
            Ok(newer.clone())
        } else {
            Err(Refusal::by(
                Clause::Access,
                "no provider was asked for, and these facts name none",
            ))
        };
    };
    let other_npi =
        matches!((&provider.npi, &newer.npi), (Some(held), Some(newer)) if held != newer);
    let other_name = !provider.name.is_empty()
        && !newer.name.is_empty()
        && !same_name(&provider.name, &newer.name);
    if other_npi || other_name {
        return Err(Refusal::by(
            Clause::Access,
            "another NPI or name than the one asked for was given; another provider is another request",
        ));
    }
    let mut updated = provider.updated_with(newer);
    if !provider.name.is_empty() {
        updated.name.clone_from(&provider.name);
    }
    Ok(updated)
}

fn corrected_member(held: &Member, newer: MemberCorrection) -> Result<Member, Refusal> {
    if newer.member_id.is_some_and(|id| id != held.member_id) {
        return Err(Refusal::by(
            Clause::Access,
            "another member_id was given; another member is another request",
        ));
    }
    let details = newer.details;
    Ok(Member {
        member_id: held.member_id.clone(),
        full_name: details.full_name,
        address_lines: details.address_lines,
        preferred_language: details.preferred_language,
        alternative_format: details.alternative_format,
        spoken_language: details.spoken_language,
        confidential_address_lines: details.confidential_address_lines,
    })
}

/// No permission is needed: there is no decision to wait for any more, but the member is still to be told.
fn no_longer_needed(clocks: &[Clock], context: &Context<'_>) -> Vec<Clock> {
    let mut clocks = clocks.to_vec();
    for clock in clocks
        .iter_mut()
        .filter(|clock| clock.kind == ClockKind::Determination)
    {
        clock.stop(context.now, StopReason::NotNeeded);
    }
    clocks
}

/// Authorisation is needed: a clock that was stopped by the move the other way runs again with its old start and
/// limits; one that never ran starts from the original receipt.
fn needed_again(held: &[Clock], fresh: Vec<Clock>) -> Vec<Clock> {
    let mut clocks = held.to_vec();
    for started in fresh {
        match clocks.iter_mut().find(|clock| clock.kind == started.kind) {
            Some(clock) => {
                clock.restart();
                clock.add_limits(started.limits);
            }
            None => clocks.push(started),
        }
    }
    clocks.sort_by_key(|clock| clock.kind);
    clocks
}
