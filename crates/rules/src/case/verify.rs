//! The verification of facts after submission.

use super::event::Verified;
use super::identifiers::redacted_debug;
use super::provider::{NetworkAvailability, Provider, same_name};
use super::second_opinion::{Member, SecondOpinion};
use super::{Case, Context, Private, Refusal, State};
use crate::rules::{Clause, Clock, ClockKind, Pathway, StopReason};

/// The command to record verified facts. A field that is `None` stays as it was.
#[derive(Clone, Debug)]
pub struct Verify {
    /// Facts of the requested provider; those left unset stay.
    pub provider: Option<Provider>,
    /// The network's availability.
    pub network_availability: Option<NetworkAvailability>,
    /// A correction of the member.
    pub member: Option<MemberCorrection>,
}

/// A correction of the member. The id may be omitted, and must not differ.
#[derive(Clone, Debug)]
pub struct MemberCorrection {
    /// The id; `None`: not given.
    pub member_id: Option<super::Cin>,
    /// All other fields, which replace those held.
    pub details: MemberDetails,
}

/// The fields of a member other than the id.
#[derive(Clone)]
pub struct MemberDetails {
    /// The name.
    pub full_name: Private,
    /// The address for letters.
    pub address_lines: Vec<Private>,
    /// The language of letters.
    pub preferred_language: super::LanguageTag,
    /// The format of letters.
    pub alternative_format: super::AlternativeFormat,
    /// The language to speak.
    pub spoken_language: Option<super::LanguageTag>,
    /// The confidential address; where given, every letter goes there and to no other address.
    pub confidential_address_lines: Vec<Private>,
}

redacted_debug!(MemberDetails);

/// Adds or corrects facts, and evaluates the request anew under the edition of its receipt.
///
/// # Errors
/// In a state other than `PENDING_REVIEW` or `NO_AUTHORIZATION_REQUIRED`; or (VI.A) when another provider or another
/// member is named: another person is another request.
pub fn verify(case: &Case, command: Verify, context: &Context<'_>) -> Result<Verified, Refusal> {
    case.allow(
        "RecordVerification",
        &[State::PendingReview, State::NoAuthorizationRequired],
    )?;
    let held = &case.current.request;
    let provider = command
        .provider
        .map(|newer| corrected_provider(held, &newer))
        .transpose()?;
    let member = command
        .member
        .map(|newer| corrected_member(&held.member, newer))
        .transpose()?;

    let network_availability = command.network_availability;
    let mut request = held.clone();
    request.replace_facts(
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
    /// Applies the facts to the request.
    pub fn apply_to(&self, request: &mut SecondOpinion) {
        request.replace_facts(
            self.provider.as_ref(),
            self.network_availability.as_ref(),
            self.member.as_ref(),
        );
    }
}

impl SecondOpinion {
    /// Replaces the facts that are given.
    fn replace_facts(
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

/// The requested provider with the verified facts; never another provider.
fn corrected_provider(held: &SecondOpinion, newer: &Provider) -> Result<Provider, Refusal> {
    let named = newer.npi.is_some() || !newer.name.is_empty();
    let Some(provider) = &held.requested_provider else {
        return if named {
            Ok(newer.clone())
        } else {
            Err(Refusal::by(
                Clause::Access,
                "no provider was requested, and these facts name none",
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
            "the NPI or name is not that of the requested provider; another provider is another request",
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
            "the member_id is not that of the request; another member is another request",
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

/// The clocks once no permission is needed: no decision is due any more, but the member has still to be notified.
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

/// The clocks once authorization is needed: a clock that was stopped because none was needed runs again with its old start
/// and limits; one that never ran starts from the original receipt.
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
