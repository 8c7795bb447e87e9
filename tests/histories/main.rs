//! What holds of every history of every case, whatever is done to it in whatever order and at whatever time.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};
use second_opinion::case::{
    EventBody, NoticeKind, approve, deny, expedite, notify, verify, withdraw,
};
use second_opinion::notice;
use second_opinion::rules::Policy;
use second_opinion::wire::parse;
use second_opinion::wire::render::{self, RenderContext, timestamp};
use second_opinion::wire::v1;

#[path = "../case_support/arbitrary.rs"]
mod arbitrary;
mod checks;
#[path = "../case_support/commands.rs"]
mod commands;
#[path = "../case_support/mod.rs"]
mod support;

use arbitrary::second_opinion;
use checks::{
    check_actors, check_log, check_snapshot, check_step, check_sweep, check_told, check_views,
};
use commands::{Command, Step, step};
use support::{Desk, RUNGS, reviewer_actor, service};

fn config(cases: u32) -> Config {
    Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    }
}

fn opened(message: &v1::SecondOpinion, law_limits: bool) -> Desk {
    let received: DateTime<Utc> = message
        .received_at
        .as_ref()
        .and_then(|at| DateTime::from_timestamp(at.seconds, at.nanos.unsigned_abs()))
        .expect("an instant");
    let policy = Policy {
        law_limits,
        ..Policy::default()
    };
    let request = parse::second_opinion(Some(message.clone().into()), received, &policy.calendar)
        .expect("a well-formed request");
    Desk::submitted_under(request, policy)
}

/// Carries a step out, if nothing forbids it. `false`: something did.
fn carry_out(desk: &mut Desk, step: &Step) -> bool {
    let now = desk.now;
    let said = step.ago.map(|ago| timestamp(now - TimeDelta::seconds(ago)));
    let actor = if step.person {
        reviewer_actor()
    } else {
        service()
    };
    let policy = desk.policy.clone();
    let context = second_opinion::case::Context {
        now,
        policy: &policy,
    };
    let body = match &step.command {
        Command::Verify(message) => {
            let change = parse::record_verification(message).expect("well formed");
            verify(&desk.case, change.command, &context).map(EventBody::from)
        }
        Command::Expedite(message) => {
            let mut message = message.clone();
            message.received_at = said;
            let change = parse::expedite(&message, now).expect("well formed");
            expedite(&desk.case, change.command, &context).map(EventBody::from)
        }
        Command::Withdraw(message) => {
            let change = parse::withdraw(message).expect("well formed");
            withdraw(&desk.case, change.command, &context).map(EventBody::from)
        }
        Command::Approve(message) => {
            // Without a person there is nothing to call `approve` with, nor `deny`.
            let Some(person) = actor.person() else {
                return false;
            };
            let change = parse::issue_approval(message, now).expect("well formed");
            approve(&desk.case, change.command, &person, &context).map(|mut approved| {
                let made = notice::approval(&approved.approval, desk.making()).expect("a letter");
                approved.notices = made.into_iter().map(|made| made.reference).collect();
                approved.into()
            })
        }
        Command::Deny(message) => {
            let Some(person) = actor.person() else {
                return false;
            };
            let licensed = message
                .reviewer
                .as_ref()
                .is_some_and(|by| by.license_type != 0 && !by.license_number.is_empty());
            let Ok(change) = parse::issue_denial(message) else {
                assert!(!licensed, "only a missing licence is wrong with these");
                return false;
            };
            assert!(licensed, "no licence, no denial");
            deny(&desk.case, change.command, &person, &context).map(|proposed| {
                let made = notice::denial(proposed.denial(), desk.making()).expect("a letter");
                let mut letters = made.into_iter().map(|made| made.reference);
                let to_member = letters.next().expect("the member's letter");
                let mut approval = to_member.clone();
                approval.kind = NoticeKind::Approval;
                assert!(
                    proposed.clone().issued(approval, Vec::new()).is_none(),
                    "no denial without its own letter"
                );
                let denied = proposed.issued(to_member, letters.collect());
                denied.expect("a denial's letter").into()
            })
        }
        Command::Notify(message, letter) => {
            let mut message = message.clone();
            if let Some(told) = &mut message.notification {
                told.notified_at = said;
                if let Some(id) = desk.notice_id().filter(|_| *letter) {
                    told.notice_id = id.hyphenated().to_string();
                }
            }
            let change = parse::record_notification(&message, now).expect("well formed");
            notify(&desk.case, change.command, &context).map(EventBody::from)
        }
    };
    match body {
        Ok(body) => {
            desk.commit(body, actor);
            true
        }
        Err(refusal) => {
            assert!(!refusal.to_string().contains("canary"), "{refusal}");
            false
        }
    }
}

fn live(message: &v1::SecondOpinion, law_limits: bool, steps: &[Step]) -> Desk {
    let mut desk = opened(message, law_limits);
    for step in steps {
        desk.now += TimeDelta::microseconds(step.wait_us);
        let owed = desk.case.sweep(desk.now, &RUNGS);
        let asked_for = desk.case.next_sweep(&RUNGS);
        assert_eq!(owed.is_some(), asked_for.is_some_and(|at| at <= desk.now));
        if step.swept {
            let before = desk.case.clone();
            desk.sweep();
            check_sweep(&before, &desk.case);
        }
        let before = desk.case.clone();
        if carry_out(&mut desk, step) {
            check_step(&before, &desk.case);
        } else {
            assert_eq!(desk.case, before, "a refusal changes nothing");
        }
    }
    desk
}

proptest! {
    #![proptest_config(config(192))]

    #[test]
    fn every_history_keeps_the_promises(
        message in second_opinion().boxed(),
        law_limits in prop::bool::weighted(0.8),
        steps in prop::collection::vec(step(), 0..14),
    ) {
        let desk = live(&message, law_limits, &steps);
        check_actors(&desk);
        check_log(&desk);
        check_told(&desk);
        check_snapshot(&desk);
        check_views(&desk);
    }

    #[test]
    fn what_is_submitted_is_what_the_full_view_gives_back(
        message in second_opinion().boxed(),
        untidy in any::<bool>(),
    ) {
        let given = if untidy { untidied(message.clone()) } else { message.clone() };
        let desk = opened(&given, true);
        let shown = RenderContext {
            as_of: desk.now,
            plan: &desk.post.plan,
            calendar: &desk.policy.calendar,
        };
        let full = render::full(&desk.case, &desk.events, shown);
        prop_assert_eq!(full.second_opinion.as_deref(), Some(&message));
    }
}

/// The same request, less tidily written: white space around every text, defaults left out, nanoseconds.
fn untidied(mut message: v1::SecondOpinion) -> v1::SecondOpinion {
    fn pad(text: &mut String) {
        *text = format!(" \t{text}\n");
    }
    let member = message.member.get_or_insert_default();
    for text in [
        &mut member.member_id,
        &mut member.full_name,
        &mut member.spoken_language,
    ]
    .into_iter()
    .chain(&mut member.address_lines)
    .chain(&mut member.confidential_address_lines)
    {
        pad(text);
    }
    if member.preferred_language == "en" {
        member.preferred_language.clear();
    }
    if let Some(provider) = &mut message.requested_provider {
        for text in [
            &mut provider.npi,
            &mut provider.name,
            &mut provider.taxonomy_code,
            &mut provider.expertise,
            &mut provider.phone,
        ] {
            pad(text);
        }
    }
    for reason in &mut message.reasons {
        pad(&mut reason.detail);
        reason.threats.push(v1::Threat::Unspecified.into());
    }
    for text in [
        &mut message.referral_number,
        &mut message.treatment_authorization_number,
        &mut message.specialty_wanted,
    ] {
        pad(text);
    }
    message.clinical_context.get_or_insert_default();
    if let Some(received) = &mut message.received_at {
        received.nanos += 999;
    }
    message
}

/// Were no history to reach a state, the properties would hold of nothing.
#[test]
fn the_histories_reach_every_state_and_every_turn() {
    let mut runner = TestRunner::deterministic();
    let strategy = (
        second_opinion().boxed(),
        prop::collection::vec(step(), 8..16),
    );
    let mut reached: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..512 {
        let (message, steps) = strategy
            .new_tree(&mut runner)
            .expect("a strategy without filters")
            .current();
        let desk = live(&message, true, &steps);
        let mut back = false;
        let mut state = None;
        for event in &desk.events {
            *reached
                .entry(format!("{:?}", event.body.kind()))
                .or_default() += 1;
            if let EventBody::Verified(verified) = &event.body {
                let was = state.replace(verified.assessment.pathway);
                back |= was.is_some_and(|was| was != verified.assessment.pathway);
            }
        }
        *reached.entry(desk.state().name().to_owned()).or_default() += 1;
        if back {
            *reached.entry("moved to and fro".to_owned()).or_default() += 1;
        }
    }
    for turn in [
        "Verified",
        "Expedited",
        "Withdrawn",
        "Approved",
        "Denied",
        "Notified",
        "DueSoon",
        "Overdue",
        "NO_AUTHORIZATION_REQUIRED",
        "PENDING_REVIEW",
        "APPROVED",
        "DENIED",
        "WITHDRAWN",
        "moved to and fro",
    ] {
        assert!(
            reached.get(turn).is_some_and(|times| *times >= 5),
            "{turn}: {reached:?}"
        );
    }
}
