//! How an event is kept, so that a change to it shows, and what events fold to.

use second_opinion::case::{
    Case, Digest, EVENT_SCHEMA, FoldError, Header, SealedEvent, UnsealError,
};
use second_opinion::rules::POLICY_NUMBER;

use crate::support::{Desk, MICROSECOND, RECEIVED, approval, at, request};

/// The SHA-256 of `abc`, as FIPS 180-4 has it.
const OF_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// A case with three events.
fn approved() -> Desk {
    let mut desk = Desk::submitted(request());
    desk.verify(crate::support::nothing_new())
        .expect("it is open");
    desk.approve(approval()).expect("the facts bear it");
    desk
}

#[test]
fn a_digest_is_64_hexadecimal_digits_and_read_back() {
    let digest = Digest::of(b"abc");
    assert_eq!(digest.to_string(), OF_ABC);
    assert_eq!(format!("{digest:?}"), OF_ABC);
    assert_eq!(OF_ABC.parse(), Ok(digest));
    let json = serde_json::to_string(&digest).expect("JSON");
    assert_eq!(json, format!("\"{OF_ABC}\""));
    assert_eq!(
        serde_json::from_str::<Digest>(&json).expect("a digest"),
        digest
    );
    assert_eq!(Digest::from_slice(&digest.0), Some(digest));
    assert_eq!(Digest::from_slice(&digest.0[1..]), None);
}

#[test]
fn what_is_not_64_hexadecimal_digits_is_no_digest() {
    let rest = &OF_ABC[2..];
    for text in [
        "",
        rest,
        &format!("{OF_ABC}00"),
        &format!("xy{rest}"),
        &format!("+a{rest}"),
        &format!("é{rest}"),
    ] {
        assert!(text.parse::<Digest>().is_err(), "{text}");
        let json = format!("\"{text}\"");
        assert!(serde_json::from_str::<Digest>(&json).is_err(), "{text}");
    }
}

#[test]
fn the_logs_head_follows_from_the_head_before_it_the_position_and_the_event() {
    let event = Digest::of(b"abc");
    let mut by_hand = [0; 72];
    by_hand[39] = 7;
    by_hand[40..].copy_from_slice(&event.0);
    assert_eq!(Digest::ZERO.roll(7, event), Digest::of(&by_hand));
    assert_ne!(
        Digest::ZERO.roll(7, event).roll(8, event),
        Digest::ZERO.roll(8, event)
    );
}

#[test]
fn a_sealed_event_is_read_back_and_names_the_one_before_it() {
    let desk = approved();
    let mut previous = Digest::ZERO;
    for (event, sealed) in desk.events.iter().zip(&desk.sealed) {
        let expected = Header {
            schema: EVENT_SCHEMA,
            determination_id: desk.case.id,
            version: event.version,
            occurred_at: event.occurred_at,
            actor: event.actor.clone(),
            policy: POLICY_NUMBER.to_owned(),
            policy_version: desk.case.current.edition,
            previous,
        };
        assert_eq!(sealed.header, expected);
        assert_eq!(sealed.sha256, Digest::of(&sealed.bytes));
        let (header, read) =
            SealedEvent::unseal(&sealed.bytes, sealed.sha256).expect("the bytes are whole");
        assert_eq!((&header, &read), (&expected, event));
        let (header, read) = SealedEvent::read(&sealed.bytes).expect("the bytes are whole");
        assert_eq!((&header, &read), (&expected, event));
        previous = sealed.sha256;
    }
}

#[test]
fn bytes_that_were_changed_are_no_event_and_an_error_tells_nothing_of_a_person() {
    let sealed = approved().sealed.remove(0);
    let text = String::from_utf8(sealed.bytes.clone()).expect("JSON is text");
    let spoilt = text.replace("Ann Member", "Ann Mender");
    let error = SealedEvent::unseal(spoilt.as_bytes(), sealed.sha256).expect_err("not the same");
    assert!(matches!(error, UnsealError::Digest), "{error}");

    let later = text.replace("{\"schema\":1,", "{\"schema\":2,");
    let error = SealedEvent::read(later.as_bytes()).expect_err("a schema of tomorrow");
    assert!(matches!(error, UnsealError::Schema(2)), "{error}");

    // Where a list is asked for, a person's name stands.
    let (before, after) = text.split_once("\"requesters\":").expect("the field");
    let spoilt = format!("{before}\"requesters\":\"Ann Member\",\"were\":{after}");
    let error = SealedEvent::read(spoilt.as_bytes()).expect_err("no list");
    let said = error.to_string();
    assert!(said.contains("Data error at line 1 column "), "{said}");
    assert!(!said.contains("Ann"), "{said}");
}

#[test]
fn debug_of_a_sealed_event_shows_its_header_and_no_bytes() {
    let sealed = approved().sealed.remove(0);
    let shown = format!("{sealed:?}");
    assert!(shown.starts_with("SealedEvent { header: Header { schema: 1,"));
    assert!(shown.contains(&format!("sha256: {}", sealed.sha256)));
    assert!(!shown.contains("bytes") && !shown.contains("Ann"));
}

#[test]
fn the_logs_time_never_runs_backwards() {
    let desk = approved();
    let received = at(RECEIVED);
    let sealed = &desk.sealed[0];
    for earlier in [received - MICROSECOND, received] {
        let kept = sealed.clone().not_before(earlier).expect("JSON");
        assert!(kept == *sealed, "nothing to move at {earlier}");
    }
    let later = received + MICROSECOND;
    let moved = sealed.clone().not_before(later).expect("JSON");
    let (header, event) = SealedEvent::unseal(&moved.bytes, moved.sha256).expect("whole");
    assert_eq!(header, moved.header);
    assert_eq!(event.occurred_at, later);
    assert_eq!(event.body, desk.events[0].body);
    assert_ne!(moved.sha256, sealed.sha256);
    let again = moved.clone().not_before(later + MICROSECOND).expect("JSON");
    let (_, event) = SealedEvent::unseal(&again.bytes, again.sha256).expect("whole");
    assert_eq!(event.body, desk.events[0].body);
}

#[test]
fn a_case_is_what_its_events_fold_to() {
    let desk = approved();
    let log: Vec<_> = desk
        .events
        .iter()
        .zip(desk.sealed.iter().map(|sealed| sealed.sha256))
        .collect();
    let fold = |log: &[_]| Case::fold(desk.case.id, log.to_vec());
    assert_eq!(fold(&log).as_ref(), Ok(&desk.case));
    assert_eq!(fold(&[]), Err(FoldError::Empty));
    let gap = FoldError::Version {
        expected: 2,
        found: 3,
    };
    assert_eq!(fold(&[log[0], log[2]]), Err(gap));
    let twice = FoldError::Version {
        expected: 3,
        found: 2,
    };
    assert_eq!(fold(&[log[0], log[1], log[1]]), Err(twice));
    let headless = FoldError::Version {
        expected: 1,
        found: 2,
    };
    assert_eq!(fold(&log[1..]), Err(headless));
}

#[test]
fn a_request_comes_in_once_and_first() {
    let desk = approved();
    let digest = Digest::ZERO;
    let mut second = desk.events[1].clone();
    second.version = 1;
    let first_is_another = Case::fold(desk.case.id, [(&second, digest)]);
    assert_eq!(first_is_another, Err(FoldError::OutOfPlace(1)));

    let mut again = desk.events[0].clone();
    again.version = 2;
    let twice = [(&desk.events[0], digest), (&again, digest)];
    let twice = Case::fold(desk.case.id, twice);
    assert_eq!(twice, Err(FoldError::OutOfPlace(2)));

    // An event is taken by its own version alone, and one that cannot follow not at all.
    again.version = desk.case.version + 1;
    assert_eq!(desk.case.clone().after(&again, digest), None);
    let mut verified = desk.events[1].clone();
    for (version, follows) in [(2, false), (3, false), (4, true), (5, false)] {
        verified.version = version;
        let after = desk.case.clone().after(&verified, digest);
        assert_eq!(after.is_some(), follows, "{version} after 3");
    }
}
