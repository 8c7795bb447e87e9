//! The target for stored bytes: events, histories, snapshots and letters are read as written, or return an error.

mod damaged_store;
mod golden;

use arbitrary::Unstructured;
use chrono::TimeDelta;
use second_opinion::case::{Digest, EVENT_SCHEMA, SealedEvent, UnsealError};
use second_opinion::notice::{Form, Rendition, Templates, read};
use second_opinion::rules::POLICY_NUMBER;
use second_opinion::store::{Record, decode_state, encode_state, fold, unseal};
use second_opinion::wire::render;
use uuid::Uuid;

use super::page;
use super::support::{now, shown};

/// The first byte selects how the rest is read. A golden event that this build cannot read fails every input.
pub fn events(data: &[u8]) {
    golden::check();
    let Some((mode, rest)) = data.split_first() else {
        return;
    };
    match mode % 6 {
        0 => check_event(rest),
        1 => check_history(rest),
        2 => check_snapshot(rest),
        3 => check_letter(rest),
        4 => damaged_store::check(&mut Unstructured::new(rest)),
        _ => {
            let damaged = golden::damaged_history(&mut Unstructured::new(rest));
            damaged.split(|byte| *byte == b'\n').for_each(check_event);
            check_history(&damaged);
        }
    }
}

/// Checks that an event read from bytes is the same after it is written and read again.
fn check_event(bytes: &[u8]) {
    let digest = Digest::of(bytes);
    let wrong_digest = SealedEvent::unseal(bytes, digest.roll(1, digest));
    assert!(matches!(wrong_digest, Err(UnsealError::Digest)));
    let Ok((header, event)) = SealedEvent::unseal(bytes, digest) else {
        return;
    };
    assert_eq!(header.schema, EVENT_SCHEMA);
    let (id, edition) = (header.determination_id, header.policy_version);
    let sealed = SealedEvent::seal(id, &event, edition, header.previous).expect("sealed");
    let (header_again, event_again) = SealedEvent::read(&sealed.bytes).expect("an event");
    assert_eq!(event_again, event);
    assert_eq!(header_again.policy, POLICY_NUMBER);
    assert_eq!(header_again.previous, header.previous);
    // Moving the time forward, as the log requires, does not change the body.
    let later = event.occurred_at + TimeDelta::microseconds(1);
    let later = sealed.not_before(later).expect("sealed");
    let (_, moved) = SealedEvent::read(&later.bytes).expect("an event");
    assert_eq!(moved.body, event.body);
}

/// Reads events, one per line, with their true digests, and checks that a case that folds can be rendered and swept.
fn check_history(bytes: &[u8]) {
    let id = Uuid::max();
    let records: Vec<Record> = bytes
        .split(|byte| *byte == b'\n')
        .zip(1..)
        .map(|(bytes, version)| Record {
            position: version.into(),
            determination_id: id,
            version,
            bytes: bytes.to_vec(),
            sha256: Digest::of(bytes),
        })
        .collect();
    let Ok(case) = fold(id, &records) else {
        return;
    };
    assert_eq!(case.version as usize, records.len());
    assert_eq!(case.head, records[records.len() - 1].sha256);
    let events = unseal(id, &records).expect("the events");
    let _determination = render::full(&case, &events, shown(now()));
    let _event = case.sweep(now(), &[50, 75, 90]);
    let _next = case.next_sweep(&[50, 75, 90]);
    let snapshot = encode_state(&case.current).expect("a snapshot");
    assert_eq!(decode_state(&snapshot), Some(case.current));
}

fn check_snapshot(bytes: &[u8]) {
    if let Some(file) = decode_state(bytes) {
        let written = encode_state(&file).expect("a snapshot");
        assert_eq!(decode_state(&written), Some(file));
    }
}

/// Reads a letter, and checks that it renders or returns an error, and that its HTML has only the expected elements.
fn check_letter(bytes: &[u8]) {
    let Ok(letter) = read(bytes) else {
        return;
    };
    let written = serde_json::to_vec(&letter).expect("JSON");
    assert_eq!(read(&written).ok().as_ref(), Some(&letter));
    for rendition in Rendition::all(&letter) {
        if rendition.form == Form::Pdf {
            continue;
        }
        if let Ok(page) = rendition.render(Templates::shipped(), &letter) {
            let page = String::from_utf8(page).expect("UTF-8");
            if rendition.form == Form::Html {
                page::check(&page);
            }
        }
    }
}
