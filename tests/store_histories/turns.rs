//! Random turns: the clock moves, and a caller or the sweeper acts on one of the cases.

use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;
use second_opinion::wire::v1;

use crate::arbitrary::second_opinion;
use crate::commands::{Command, Step, approve, deny, step};

#[derive(Clone, Debug)]
pub struct Turn {
    /// Movement of the server's clock before the action, in microseconds; it may be negative.
    pub clock_shift_us: i64,
    pub caller: CallerKind,
    /// Whether the request is sent twice concurrently.
    pub twice: bool,
    pub action: Action,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerKind {
    /// A person with every scope.
    Reviewer,
    /// A person without the scope to review.
    Clerk,
    /// A service with every scope, including that of reviewers.
    Service,
}

#[derive(Clone, Debug)]
pub enum Action {
    /// A submission received a number of seconds before now; `None`: without a time of receipt.
    Submit(Box<v1::SecondOpinion>, Option<i64>),
    Change(Index, EtagChoice, Box<Step>),
    /// An acknowledged request is sent again, with the same content if the flag is true, else with other content.
    Repeat(Index, bool),
    /// The sweeper runs once.
    Sweep,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EtagChoice {
    Omitted,
    Current,
    Stale,
}

const HOUR_US: i64 = 3_600_000_000;
const YEAR_US: i64 = 365 * 24 * HOUR_US;

fn clock_shift() -> BoxedStrategy<i64> {
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

/// A denial for the only reason that the facts of a case neither support nor contradict.
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

/// An approval that the facts support: of a certified and qualified provider, with the member's agreement.
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

fn action() -> BoxedStrategy<Action> {
    let etag = prop_oneof![
        3 => Just(EtagChoice::Omitted),
        2 => Just(EtagChoice::Current),
        1 => Just(EtagChoice::Stale),
    ];
    let submit = (second_opinion().boxed(), option::of(0..400_000_i64))
        .prop_map(|(request, age_seconds)| Action::Submit(Box::new(request), age_seconds));
    let step = prop_oneof![8 => step(), 1 => denial(), 1 => approval()];
    let change = (any::<Index>(), etag, step)
        .prop_map(|(case, etag, step)| Action::Change(case, etag, Box::new(step)));
    let repeat =
        (any::<Index>(), any::<bool>()).prop_map(|(sent, same)| Action::Repeat(sent, same));
    prop_oneof![2 => submit, 9 => change, 2 => repeat, 3 => Just(Action::Sweep)].boxed()
}

pub fn turn() -> BoxedStrategy<Turn> {
    let caller = prop_oneof![
        6 => Just(CallerKind::Reviewer),
        1 => Just(CallerKind::Clerk),
        2 => Just(CallerKind::Service),
    ];
    (clock_shift(), caller, prop::bool::weighted(0.1), action())
        .prop_map(|(clock_shift_us, caller, twice, action)| Turn {
            clock_shift_us,
            caller,
            twice,
            action,
        })
        .boxed()
}
