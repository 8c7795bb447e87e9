//! What holds of every history of every case, whatever is done to it in whatever order and at whatever time.
#![cfg(feature = "server")]

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};
use prost::Message as _;
use second_opinion::case::{
    ActorKind, Case, Digest, EventBody, LicensedReviewer, NoticeKind, SealedEvent, State, approve,
    deny, expedite, notify, verify, withdraw,
};
use second_opinion::notice;
use second_opinion::rules::{ClockKind, Policy, Urgency};
use second_opinion::store::{decode_file, encode_file};
use second_opinion::wire::parse;
use second_opinion::wire::render::{self, Shown, timestamp};
use second_opinion::wire::v1;

#[path = "case_support/arbitrary.rs"]
mod arbitrary;
#[path = "case_support/commands.rs"]
mod commands;
#[path = "case_support/mod.rs"]
mod support;

use arbitrary::{ASKER_NPI, CANARIES, second_opinion};
use commands::{Command, REVIEWER, Step, step};
use support::{Desk, reviewer_actor, service};

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
    let request = parse::second_opinion(Some(message.clone()), received, &policy.calendar)
        .expect("a well-formed request");
    Desk::submitted_under(request, policy)
}

/// Carries a step out, if nothing forbids it. `false`: something did.
fn carry_out(desk: &mut Desk, step: &Step) -> bool {
    desk.now += TimeDelta::microseconds(step.wait_us);
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
            verify(&desk.case, change.command, &context)
        }
        Command::Expedite(message) => {
            let mut message = message.clone();
            message.received_at = said;
            let change = parse::expedite(&message, now).expect("well formed");
            expedite(&desk.case, change.command, &context)
        }
        Command::Withdraw(message) => {
            let change = parse::withdraw(message).expect("well formed");
            withdraw(&desk.case, change.command, &context)
        }
        Command::Approve(message) => {
            // Without a person there is nothing to call `approve` with, nor `deny`.
            let Some(person) = actor.person() else {
                return false;
            };
            let change = parse::issue_approval(message, now).expect("well formed");
            approve(&desk.case, change.command, &person, &context).map(|judged| {
                let made = notice::approval(&judged.approval, desk.making()).expect("a letter");
                judged.issued(vec![made.reference])
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
            deny(&desk.case, change.command, &person, &context).map(|judged| {
                let made = notice::denial(judged.denial(), desk.making()).expect("a letter");
                let mut approval = made.reference.clone();
                approval.kind = NoticeKind::Approval;
                assert!(
                    judged.clone().issued(approval, Vec::new()).is_none(),
                    "no denial without its own letter"
                );
                judged
                    .issued(made.reference, Vec::new())
                    .expect("a denial's letter")
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
            notify(&desk.case, change.command, &context)
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

fn dues(case: &Case) -> BTreeMap<ClockKind, DateTime<Utc>> {
    let clocks = &case.file.clocks;
    let dues: BTreeMap<_, _> = clocks
        .iter()
        .map(|clock| (clock.kind, clock.due_at()))
        .collect();
    assert_eq!(dues.len(), clocks.len(), "one clock of each kind");
    dues
}

fn ended(state: State) -> bool {
    match state {
        State::Approved | State::Denied | State::Withdrawn => true,
        State::NoAuthorizationRequired | State::PendingReview => false,
    }
}

/// What one more event may not do to a case.
fn check_step(before: &Case, after: &Case) {
    assert_eq!(after.version, before.version + 1);
    assert_ne!(after.etag(), before.etag());
    let now = dues(after);
    for (kind, due) in dues(before) {
        assert!(
            now[&kind] <= due,
            "{kind:?} moved from {due} to {}",
            now[&kind]
        );
    }
    if before.file.assessment.urgency == Urgency::Urgent {
        assert_eq!(after.file.assessment.urgency, Urgency::Urgent);
    }
    if ended(before.file.state) {
        assert_eq!(after.file.state, before.file.state);
        assert_eq!(after.file.decision, before.file.decision);
    }
    assert_eq!(after.file.decision.is_some(), ended(after.file.state));
    assert_eq!(after.file.edition, before.file.edition);
    if after.file.state == State::PendingReview {
        assert!(
            after.file.due_at().is_some(),
            "time runs while a reviewer is to decide"
        );
        assert!(
            after
                .file
                .clocks
                .iter()
                .all(second_opinion::case::Clock::runs)
        );
    }
}

/// Who may have done what.
fn check_actors(desk: &Desk) {
    for event in &desk.events {
        match &event.body {
            EventBody::Approved(_) => assert_eq!(event.actor.kind, ActorKind::Person),
            EventBody::Denied(denied) => {
                assert_eq!(event.actor.kind, ActorKind::Person);
                assert_eq!(denied.notice().kind, NoticeKind::Denial);
                let reviewer = denied.denial().reviewer.reviewer().clone();
                assert!(LicensedReviewer::new(reviewer).is_some());
                assert!(!denied.denial().reasons.is_empty());
            }
            EventBody::Submitted(_)
            | EventBody::Verified(_)
            | EventBody::Expedited(_)
            | EventBody::Withdrawn(_)
            | EventBody::Notified(_) => {}
        }
    }
}

/// The case is what its events fold to once they have been sealed and unsealed, each naming the one before it.
fn check_log(desk: &Desk) {
    let mut previous = Digest::ZERO;
    let mut events = Vec::new();
    for (index, sealed) in desk.sealed.iter().enumerate() {
        let (header, event) = SealedEvent::unseal(&sealed.bytes, sealed.sha256).expect("intact");
        assert_eq!(header.previous, previous);
        assert_eq!(header.determination_id, desk.case.id);
        assert_eq!(usize::try_from(header.version), Ok(index + 1));
        assert_eq!(event, desk.events[index]);
        previous = sealed.sha256;
        events.push((event, sealed.sha256));
    }
    let folded = Case::fold(
        desk.case.id,
        events.iter().map(|(event, sha256)| (event, *sha256)),
    );
    assert_eq!(folded.as_ref(), Ok(&desk.case));

    let mut spoilt = desk.sealed[0].bytes.clone();
    let middle = spoilt.len() / 2;
    spoilt[middle] ^= 1;
    assert!(SealedEvent::unseal(&spoilt, desk.sealed[0].sha256).is_err());
    if events.len() > 1 {
        let without_the_first = events[1..].iter().map(|(event, sha256)| (event, *sha256));
        assert!(Case::fold(desk.case.id, without_the_first).is_err());
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

/// No canary in the BASIC view; none in what `Debug` shows of anything.
fn check_views(desk: &Desk) {
    let shown = Shown {
        as_of: desk.now,
        plan: &desk.plan,
        calendar: &desk.policy.calendar,
    };
    let basic = render::basic(&desk.case, shown);
    let full = render::full(&desk.case, &desk.events, shown);
    let bytes = basic.encode_to_vec();
    for canary in CANARIES.into_iter().chain([ASKER_NPI, REVIEWER]) {
        assert!(!contains(&bytes, canary), "BASIC shows `{canary}`");
    }
    assert!(
        contains(&full.encode_to_vec(), arbitrary::CIN),
        "FULL shows the member"
    );
    let debug = format!("{basic:?} {full:?} {:?} {:?}", desk.case, desk.events);
    for canary in CANARIES {
        assert!(!debug.contains(canary), "Debug shows `{canary}`");
    }
    // FULL is BASIC and more.
    let mut bared = full.clone();
    bared.second_opinion = None;
    bared.history.clear();
    bared.decision.clone_from(&basic.decision);
    assert_eq!(bared, basic);
    assert_eq!(full.history.len(), desk.events.len());
}

fn check_snapshot(desk: &Desk) {
    let bytes = encode_file(&desk.case.file).expect("a file can be encoded");
    assert_eq!(decode_file(&bytes).as_ref(), Some(&desk.case.file));
    assert_eq!(decode_file(&bytes[..bytes.len() - 1]), None);
    let another_schema = [&[bytes[0] + 1], &bytes[1..]].concat();
    assert_eq!(decode_file(&another_schema), None);
}

fn live(message: &v1::SecondOpinion, law_limits: bool, steps: &[Step]) -> Desk {
    let mut desk = opened(message, law_limits);
    for step in steps {
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
        let shown = Shown {
            as_of: desk.now,
            plan: &desk.plan,
            calendar: &desk.policy.calendar,
        };
        let full = render::full(&desk.case, &desk.events, shown);
        prop_assert_eq!(full.second_opinion, Some(message));
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
    for _ in 0..192 {
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
