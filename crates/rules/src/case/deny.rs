//! The denial of a request by a licensed reviewer, checked against the facts on the case.

use chrono::{DateTime, Utc};

use super::approve::clocks_after_decision;
use super::decision::{
    Denial, DenialReason, LicensedReviewer, NoticeKind, NoticeReference, Referral,
};
use super::event::{Denied, Person};
use super::provider::{NetworkAlternative, Provider, same_name};
use super::second_opinion::SecondOpinion;
use super::{Case, Context, Refusal, State};
use crate::rules::{
    Availability, Clause, Clock, ClockKind, DenialFacts, DenialReasonCode, MediCalStatus,
    NetworkStatus, Qualification, ReferralFacts, unsupported_reasons,
};

/// The command to deny a request.
#[derive(Clone, Debug)]
pub struct Deny {
    /// The reasons; at least one.
    pub reasons: Vec<DenialReason>,
    /// The reviewer.
    pub reviewer: LicensedReviewer,
    /// The provider that the member can see instead.
    pub referral: Option<Provider>,
}

/// A denial that the facts support, before its letter is made. Without a letter it cannot become an event.
#[derive(Clone, Debug)]
pub struct ProposedDenial {
    denial: Denial,
    clocks: Vec<Clock>,
}

impl ProposedDenial {
    /// The denial.
    #[must_use]
    pub fn denial(&self) -> &Denial {
        &self.denial
    }

    /// The event, with the letter to the member and any further letters; `None`: the letter is not a denial's.
    #[must_use]
    pub fn issued(
        self,
        notice: NoticeReference,
        further_notices: Vec<NoticeReference>,
    ) -> Option<Denied> {
        (notice.kind == NoticeKind::Denial).then_some(Denied {
            denial: self.denial,
            clocks: self.clocks,
            notice,
            further_notices,
        })
    }
}

/// Checks a denial against the facts on the case. Only a person with a license denies: both proofs are in the arguments.
///
/// # Errors
/// In a state other than `PENDING_REVIEW` (a request that needs no authorization cannot be denied: VI.A), without a
/// reason, or when the facts on the case do not support a reason or the duty to refer (VI.C) is left undone.
pub fn deny(
    case: &Case,
    command: Deny,
    _person: &Person,
    context: &Context<'_>,
) -> Result<ProposedDenial, Refusal> {
    if case.current.state == State::NoAuthorizationRequired {
        return Err(Refusal::by(
            Clause::Access,
            "this request needs no permission from the plan, so there is nothing to deny",
        ));
    }
    case.allow("IssueDenial", &[State::PendingReview])?;
    if command.reasons.is_empty() {
        return Err(Refusal::field("reasons", "at least one is required"));
    }
    let request = &case.current.request;
    let (facts, reasons) = (request.facts(), request.reason_codes());
    let referral = command.referral.map(|given| resolve(given, request));
    let given = DenialFacts {
        facts: &facts,
        reasons: &reasons,
        referral: referral.as_ref().map(|r| r.facts(request)),
    };
    let against = command
        .reasons
        .iter()
        .flat_map(|reason| {
            let unknown = reason_unknown(reason.code, request);
            unsupported_reasons(reason.code, &given)
                .into_iter()
                .chain(unknown)
        })
        .map(|(clause, m)| (clause, m.to_owned()));
    if let Some(refusal) = Refusal::by_clauses(against) {
        return Err(refusal);
    }
    let denial = Denial {
        reasons: command.reasons,
        reviewer: command.reviewer,
        referral,
        decided_at: context.now,
    };
    let clocks = clocks_after_denial(case, context);
    Ok(ProposedDenial { denial, clocks })
}

/// A stated reason of unknown kind may be one of the five: unknown is not no.
fn reason_unknown(
    code: DenialReasonCode,
    request: &SecondOpinion,
) -> Option<(Clause, &'static str)> {
    let unknown = code == DenialReasonCode::ReasonNotSupported
        && request.reasons.iter().any(|reason| reason.code.is_none());
    unknown.then_some((
        Clause::Access,
        "a reason of unknown kind was stated, and it may be one of the five of VI.A",
    ))
}

/// The referral, completed from the alternative that it names.
fn resolve(given: Provider, request: &SecondOpinion) -> Referral {
    match alternative_named(&given, request) {
        Some(alternative) => Referral {
            provider: completed(given, alternative),
            in_network: true,
        },
        None => Referral {
            provider: given,
            in_network: false,
        },
    }
}

/// The alternative that a referral names: by NPI, or by name where one of the two has no NPI. `None` also where no network
/// professional is known to be available.
fn alternative_named<'a>(
    given: &Provider,
    request: &'a SecondOpinion,
) -> Option<&'a NetworkAlternative> {
    if request.facts().availability == Availability::NotAvailable {
        return None;
    }
    let alternatives = request.alternatives();
    let by_npi = alternatives
        .iter()
        .find(|alternative| given.npi.is_some() && given.npi == alternative.npi);
    by_npi.or_else(|| {
        alternatives.iter().find(|alternative| {
            (given.npi.is_none() || alternative.npi.is_none())
                && !given.name.is_empty()
                && same_name(&given.name, &alternative.name)
        })
    })
}

fn completed(mut given: Provider, from: &NetworkAlternative) -> Provider {
    given.npi = given.npi.or_else(|| from.npi.clone());
    given.taxonomy_code = given.taxonomy_code.or_else(|| from.taxonomy_code.clone());
    if given.name.is_empty() {
        given.name.clone_from(&from.name);
    }
    if given.phone.is_empty() {
        given.phone.clone_from(&from.phone);
    }
    if given.address_lines.is_empty() {
        given.address_lines.clone_from(&from.address_lines);
    }
    given.network_status = NetworkStatus::InNetwork;
    given
}

impl Referral {
    fn facts(&self, request: &SecondOpinion) -> ReferralFacts {
        let provider = &self.provider;
        ReferralFacts {
            is_alternative: self.in_network,
            is_requested: request
                .requested_provider
                .as_ref()
                .is_some_and(|requested| {
                    requested.is_same_as(provider.npi.as_ref(), &provider.name)
                }),
            medi_cal: provider.medi_cal_status,
            qualification: provider.qualification(),
        }
    }

    /// Whether the provider is certified by Medi-Cal and qualified, as given with the denial.
    #[must_use]
    pub fn is_certified_and_qualified(&self) -> bool {
        self.provider.medi_cal_status == MediCalStatus::Certified
            && self.provider.qualification() == Qualification::Qualified
    }
}

fn clocks_after_denial(case: &Case, context: &Context<'_>) -> Vec<Clock> {
    let received_at: DateTime<Utc> = case.current.request.received_at;
    let mut clocks = clocks_after_decision(case, context);
    for clock in clocks
        .iter_mut()
        .filter(|clock| clock.kind == ClockKind::MemberNotification && clock.runs())
    {
        clock.add_limits(
            context
                .policy
                .member_limits_after_denial(received_at, context.now),
        );
    }
    clocks
}
