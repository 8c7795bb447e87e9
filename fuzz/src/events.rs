//! The target for stored bytes: events, histories, snapshots and letters read as they were written, or give an error.

mod golden;
mod shelf;

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

/// The first byte chooses how the others are read. A golden event that this build cannot read fails every input.
pub fn events(data: &[u8]) {
    golden::check();
    let Some((way, rest)) = data.split_first() else {
        return;
    };
    match way % 6 {
        0 => event(rest),
        1 => history(rest),
        2 => snapshot(rest),
        3 => letter(rest),
        4 => shelf::damaged(&mut Unstructured::new(rest)),
        _ => {
            let changed = golden::changed(&mut Unstructured::new(rest));
            changed.split(|byte| *byte == b'\n').for_each(event);
            history(&changed);
        }
    }
}

/// The bytes of an event: what is read from them is the same after it is written and read again.
fn event(bytes: &[u8]) {
    let digest = Digest::of(bytes);
    let another = SealedEvent::unseal(bytes, digest.roll(1, digest));
    assert!(matches!(another, Err(UnsealError::Digest)));
    let Ok((header, event)) = SealedEvent::unseal(bytes, digest) else {
        return;
    };
    assert_eq!(header.schema, EVENT_SCHEMA);
    let (id, edition) = (header.determination_id, header.policy_version);
    let sealed = SealedEvent::seal(id, &event, edition, header.previous).expect("sealed");
    let (header_again, event_again) = SealedEvent::read(&sealed.bytes).expect("what was sealed");
    assert_eq!(event_again, event);
    assert_eq!(header_again.policy, POLICY_NUMBER);
    assert_eq!(header_again.previous, header.previous);
    // The log's time never runs backwards: the body stays as it is.
    let later = event.occurred_at + TimeDelta::microseconds(1);
    let later = sealed.not_before(later).expect("sealed");
    let (_, moved) = SealedEvent::read(&later.bytes).expect("what was sealed");
    assert_eq!(moved.body, event.body);
}

/// Several events, each on its own line, with their true digests: a case that folds can be rendered and swept.
fn history(bytes: &[u8]) {
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
    let events = unseal(id, &records).expect("they folded");
    let _shown = render::full(&case, &events, shown(now()));
    let _told = case.sweep(now(), &[50, 75, 90]);
    let _next = case.next_sweep(&[50, 75, 90]);
    let snapshot = encode_state(&case.current).expect("a file can be written");
    assert_eq!(decode_state(&snapshot), Some(case.current));
}

fn snapshot(bytes: &[u8]) {
    if let Some(file) = decode_state(bytes) {
        let written = encode_state(&file).expect("a file can be written");
        assert_eq!(decode_state(&written), Some(file));
    }
}

/// The bytes of a letter: it renders, or gives an error, and its page holds no elements but our own.
fn letter(bytes: &[u8]) {
    let Ok(letter) = read(bytes) else {
        return;
    };
    let written = serde_json::to_vec(&letter).expect("a letter can be written");
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
