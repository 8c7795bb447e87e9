//! Random turns: someone does something to one of the cases, and the clock has moved since the turn before.

use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;
use second_opinion::wire::v1;

use crate::arbitrary::second_opinion;
use crate::commands::{Command, Step, approve, deny, step};

#[derive(Clone, Debug)]
pub struct Turn {
    /// How far the server's clock has moved, in microseconds; backwards too.
    pub leap_us: i64,
    pub who: Who,
    /// Whether the request is sent twice at once.
    pub twice: bool,
    pub deed: Deed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A person with every scope.
    Reviewer,
    /// A person who may not review.
    Clerk,
    /// A service with every scope, that of reviewers too.
    Service,
}

#[derive(Clone, Debug)]
pub enum Deed {
    /// Received so many seconds before now; `None`: it does not say.
    Submit(Box<v1::SecondOpinion>, Option<i64>),
    Change(Index, Etag, Box<Step>),
    /// A request that was acknowledged is sent again, with other content or the same.
    Repeat(Index, bool),
    /// The sweeper comes by.
    Sweep,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Etag {
    Left,
    Present,
    Stale,
}

const HOUR_US: i64 = 3_600_000_000;
const YEAR_US: i64 = 365 * 24 * HOUR_US;

fn leap() -> BoxedStrategy<i64> {
    prop_oneof![
        6 => Just(0),
        2 => Just(1),
        6 => 0..48 * HOUR_US,
        2 => Just(72 * HOUR_US),
        1 => 0..30 * YEAR_US,
        1 => Just(-1),
        2 => -48 * HOUR_US..0,
        1 => -30 * YEAR_US..0,
    ]
    .boxed()
}

/// A denial for the one reason that the facts on a case neither bear out nor speak against.
fn denial() -> BoxedStrategy<Step> {
    (step(), deny())
        .prop_map(|(step, mut command)| {
            if let Command::Deny(message) = &mut command {
                message.reasons.truncate(1);
                message.reasons[0].code = v1::DenialReasonCode::MemberNotEligible.into();
            }
            Step { command, ..step }
        })
        .boxed()
}

/// An approval that the facts bear out: of someone certified and qualified, with the member's agreement.
fn approval() -> BoxedStrategy<Step> {
    (step(), approve())
        .prop_map(|(step, mut command)| {
            if let Command::Approve(message) = &mut command {
                message.provider = Some(v1::Provider {
                    npi: "1245319599".to_owned(),
                    name: "Dr. Elsewhere".to_owned(),
                    network_status: v1::NetworkStatus::OutOfNetwork.into(),
                    medi_cal_status: v1::MediCalStatus::Certified.into(),
                    role: v1::ProviderRole::Specialist.into(),
                    within_scope: v1::Answer::Yes.into(),
                    relevant_expertise: v1::Answer::Yes.into(),
                    ..v1::Provider::default()
                });
                message.member_agreement = Some(v1::MemberAgreement {
                    agreed_at: None,
                    how: "canary: by phone".to_owned(),
                });
            }
            Step { command, ..step }
        })
        .boxed()
}

fn deed() -> BoxedStrategy<Deed> {
    let etag = prop_oneof![3 => Just(Etag::Left), 2 => Just(Etag::Present), 1 => Just(Etag::Stale)];
    let submit = (second_opinion().boxed(), option::of(0..400_000_i64))
        .prop_map(|(request, ago)| Deed::Submit(Box::new(request), ago));
    let step = prop_oneof![8 => step(), 1 => denial(), 1 => approval()];
    let change = (any::<Index>(), etag, step)
        .prop_map(|(case, etag, step)| Deed::Change(case, etag, Box::new(step)));
    let repeat =
        (any::<Index>(), any::<bool>()).prop_map(|(which, same)| Deed::Repeat(which, same));
    prop_oneof![2 => submit, 9 => change, 2 => repeat, 3 => Just(Deed::Sweep)].boxed()
}

pub fn turn() -> BoxedStrategy<Turn> {
    let who = prop_oneof![6 => Just(Who::Reviewer), 1 => Just(Who::Clerk), 2 => Just(Who::Service)];
    (leap(), who, prop::bool::weighted(0.1), deed())
        .prop_map(|(leap_us, who, twice, deed)| Turn {
            leap_us,
            who,
            twice,
            deed,
        })
        .boxed()
}
