//! What may an event not do to a case, and what holds of a case whatever was done to it?

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use prost::Message as _;
use second_opinion::case::{
    Actor, ActorKind, Case, Digest, EventBody, LicensedReviewer, NoticeKind, SealedEvent, State,
};
use second_opinion::rules::{ClockKind, Urgency};
use second_opinion::store::{decode_state, encode_state};
use second_opinion::wire::render::{self, RenderContext};

use crate::arbitrary::{ASKER_NPI, CANARIES, CIN};
use crate::commands::REVIEWER;
use crate::support::Desk;

fn dues(case: &Case) -> BTreeMap<ClockKind, DateTime<Utc>> {
    let clocks = &case.current.clocks;
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
pub fn check_step(before: &Case, after: &Case) {
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
    if before.current.assessment.urgency == Urgency::Urgent {
        assert_eq!(after.current.assessment.urgency, Urgency::Urgent);
    }
    if ended(before.current.state) {
        assert_eq!(after.current.state, before.current.state);
        assert_eq!(after.current.decision, before.current.decision);
    }
    assert_eq!(after.current.decision.is_some(), ended(after.current.state));
    assert_eq!(after.current.edition, before.current.edition);
    if after.current.state == State::PendingReview {
        assert!(
            after.current.due_at().is_some(),
            "time runs while a reviewer is to decide"
        );
        assert!(
            after
                .current
                .clocks
                .iter()
                .all(second_opinion::case::Clock::runs)
        );
    }
}

/// That time ran out was told, and nothing else has changed: no decision, no clock, no etag.
pub fn check_sweep(before: &Case, after: &Case) {
    assert_eq!(
        (after.etag(), after.updated_at),
        (before.etag(), before.updated_at)
    );
    let letters = &after.current.notices[before.current.notices.len()..];
    assert!(letters.iter().all(|it| it.kind == NoticeKind::Lapse));
    let mut current = after.current.clone();
    current.notices.clone_from(&before.current.notices);
    current.reminders.clone_from(&before.current.reminders);
    assert_eq!(current, before.current);
}

/// Each rung of a clock, and that it ran out, was told once at the most, in order, and at a time when it was so.
pub fn check_told(desk: &Desk) {
    let mut told: BTreeMap<ClockKind, u8> = BTreeMap::new();
    for event in &desk.events {
        let (clock, percent, is_so) = if let EventBody::DueSoon(soon) = &event.body {
            (
                soon.clock,
                soon.elapsed_percent,
                event.occurred_at < soon.due_at,
            )
        } else if let EventBody::Overdue(overdue) = &event.body {
            (overdue.clock, 100, event.occurred_at >= overdue.due_at)
        } else {
            continue;
        };
        assert!(is_so, "{clock:?} {percent}");
        let before = told.insert(clock, percent);
        assert!(
            before < Some(percent),
            "{clock:?}: {percent} after {before:?}"
        );
    }
    let notices = desk.case.current.notices.iter();
    let lapses = notices.filter(|notice| notice.kind == NoticeKind::Lapse);
    assert!(lapses.count() <= 1);
}

/// Who may have done what.
pub fn check_actors(desk: &Desk) {
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
            EventBody::DueSoon(_) | EventBody::Overdue(_) => {
                assert_eq!(event.actor, Actor::sweeper());
            }
        }
    }
}

/// The case is what its events fold to once they have been sealed and unsealed, each naming the one before it.
pub fn check_log(desk: &Desk) {
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
pub fn check_views(desk: &Desk) {
    let shown = RenderContext {
        as_of: desk.now,
        plan: &desk.post.plan,
        calendar: &desk.policy.calendar,
    };
    let basic = render::basic(&desk.case, shown);
    let full = render::full(&desk.case, &desk.events, shown);
    let bytes = basic.encode_to_vec();
    for canary in CANARIES.into_iter().chain([ASKER_NPI, REVIEWER]) {
        assert!(!contains(&bytes, canary), "BASIC shows `{canary}`");
    }
    assert!(
        contains(&full.encode_to_vec(), CIN),
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

pub fn check_snapshot(desk: &Desk) {
    let bytes = encode_state(&desk.case.current).expect("a state can be encoded");
    assert_eq!(decode_state(&bytes).as_ref(), Some(&desk.case.current));
    assert_eq!(decode_state(&bytes[..bytes.len() - 1]), None);
    let another_schema = [&[bytes[0] + 1], &bytes[1..]].concat();
    assert_eq!(decode_state(&another_schema), None);
}
