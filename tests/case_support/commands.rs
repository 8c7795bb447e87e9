//! Random commands, as messages that are well formed but for a licence that may be missing.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use second_opinion::wire::v1;
use uuid::Uuid;

use crate::arbitrary::{
    CIN, availability, claim, facts, maybe, member, mostly, provider, requester,
};

pub const REVIEWER: &str = "Rae Viewer";

/// Something done to a case.
#[derive(Clone, Debug)]
pub struct Step {
    /// How much later than the step before, in microseconds.
    pub wait_us: i64,
    /// Whether a person does it.
    pub person: bool,
    /// How long before now it is said to have happened, in seconds; `None`: not said.
    pub ago: Option<i64>,
    /// Whether the sweeper has come by since the step before.
    pub swept: bool,
    pub command: Command,
}

#[derive(Clone, Debug)]
pub enum Command {
    Verify(Box<v1::RecordVerificationRequest>),
    Expedite(v1::ExpediteSecondOpinionRequest),
    Withdraw(v1::WithdrawSecondOpinionRequest),
    Approve(Box<v1::IssueApprovalRequest>),
    Deny(Box<v1::IssueDenialRequest>),
    /// With the letter made last, or with none.
    Notify(v1::RecordNotificationRequest, bool),
}

fn id() -> String {
    Uuid::from_u128(1).hyphenated().to_string()
}

fn reviewer() -> BoxedStrategy<v1::Reviewer> {
    (
        mostly(1, 4),
        prop_oneof![4 => Just("canary: A1"), 1 => Just("")],
    )
        .prop_map(|(license_type, license_number)| v1::Reviewer {
            full_name: REVIEWER.to_owned(),
            title: "Medical Director".to_owned(),
            license_type,
            license_number: license_number.to_owned(),
            phone: "(707) 555-0199".to_owned(),
            license_state: String::new(),
            specialty: String::new(),
        })
        .boxed()
}

fn verify() -> BoxedStrategy<Command> {
    let provider = prop_oneof![2 => facts().boxed(), 1 => provider()];
    (
        option::of(provider),
        option::of(availability()),
        option::weighted(0.2, member().boxed()),
        0..8_u8,
    )
        .prop_map(|(provider, network_availability, member, cin)| {
            let member = member.map(|member| v1::Member {
                member_id: match cin {
                    0 => "90000000A".to_owned(),
                    1..4 => String::new(),
                    _ => CIN.to_owned(),
                },
                ..member
            });
            Command::Verify(Box::new(v1::RecordVerificationRequest {
                request_id: id(),
                determination_id: id(),
                etag: String::new(),
                provider,
                network_availability,
                member,
            }))
        })
        .boxed()
}

pub fn approve() -> BoxedStrategy<Command> {
    (
        option::weighted(0.4, provider()),
        reviewer(),
        any::<bool>(),
        maybe("8888U"),
        0..3_i32,
    )
        .prop_map(|(provider, reviewer, agreed, service_code, units)| {
            Command::Approve(Box::new(v1::IssueApprovalRequest {
                request_id: id(),
                determination_id: id(),
                provider,
                reviewer: Some(reviewer),
                rationale: "canary: the facts bear it".to_owned(),
                valid_through: "9000-12-31".to_owned(),
                member_agreement: agreed.then(|| v1::MemberAgreement {
                    agreed_at: None,
                    how: "canary: by phone".to_owned(),
                }),
                service_code,
                units,
                ..v1::IssueApprovalRequest::default()
            }))
        })
        .boxed()
}

pub fn deny() -> BoxedStrategy<Command> {
    let reason = (1..7_i32).prop_map(|code| v1::DenialReason {
        code,
        explanation: "canary: in plain words".to_owned(),
        clinical_rationale: "canary: clinically".to_owned(),
        criteria: vec!["canary: a guideline".to_owned()],
        evidence: "canary: asked by fax".to_owned(),
        authority: "canary: 22 CCR".to_owned(),
        translations: vec![v1::Translation {
            language: "es".to_owned(),
            explanation: "canary".to_owned(),
            clinical_rationale: "canary".to_owned(),
        }],
    });
    (
        vec(reason, 1..3),
        reviewer(),
        option::weighted(0.8, provider()),
    )
        .prop_map(|(reasons, reviewer, referral)| {
            Command::Deny(Box::new(v1::IssueDenialRequest {
                request_id: id(),
                determination_id: id(),
                etag: String::new(),
                reasons,
                reviewer: Some(reviewer),
                referral,
                validate_only: false,
            }))
        })
        .boxed()
}

fn command() -> BoxedStrategy<Command> {
    let expedite = claim().prop_map(|claim| {
        Command::Expedite(v1::ExpediteSecondOpinionRequest {
            request_id: id(),
            determination_id: id(),
            etag: String::new(),
            urgency_claim: Some(claim),
            received_at: None,
        })
    });
    let withdraw = requester().prop_map(|withdrawn_by| {
        Command::Withdraw(v1::WithdrawSecondOpinionRequest {
            request_id: id(),
            determination_id: id(),
            etag: String::new(),
            reason: "canary: no longer wanted".to_owned(),
            withdrawn_by: Some(withdrawn_by),
        })
    });
    let notify = (1..4_i32, 1..5_i32, any::<bool>()).prop_map(|(recipient, channel, letter)| {
        let message = v1::RecordNotificationRequest {
            request_id: id(),
            determination_id: id(),
            etag: String::new(),
            notification: Some(v1::Notification {
                recipient,
                channel,
                notice_id: String::new(),
                notified_at: None,
            }),
        };
        Command::Notify(message, letter)
    });
    prop_oneof![
        6 => verify(),
        3 => expedite,
        1 => withdraw,
        3 => approve(),
        3 => deny(),
        6 => notify,
    ]
    .boxed()
}

pub fn step() -> BoxedStrategy<Step> {
    const HOUR_US: i64 = 3_600_000_000;
    let wait_us = prop_oneof![
        3 => Just(0),
        2 => Just(1),
        4 => 0..48 * HOUR_US,
        2 => Just(72 * HOUR_US),
        1 => Just(20 * 365 * 24 * HOUR_US),
    ];
    (
        wait_us,
        prop::bool::weighted(0.8),
        option::of(0..400_000_i64),
        any::<bool>(),
        command(),
    )
        .prop_map(|(wait_us, person, ago, swept, command)| Step {
            wait_us,
            person,
            ago,
            swept,
            command,
        })
        .boxed()
}
