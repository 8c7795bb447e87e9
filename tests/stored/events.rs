//! Golden events: each is unsealed, each case is folded, and the case is compared as stored and as shown.

use chrono::{DateTime, Utc};
use second_opinion::case::{Case, Digest, Event, EventKind, NoticeReference, SealedEvent};
use second_opinion::rules::Policy;
use second_opinion::store::{Record, decode_state, encode_state, fold};
use second_opinion::wire::render::{self, RenderContext};

use crate::contract;
use crate::files::{Folder, compare};
use crate::plans;

/// The instant as of which golden cases are shown: two weeks after the last of their events.
pub fn as_of() -> DateTime<Utc> {
    "2026-12-15T20:00:00Z".parse().expect("an instant")
}

/// A case with all of its golden events.
pub struct GoldenCase {
    /// The folder of its events below `stored/`, such as `events/1/approved-as-asked`.
    pub name: String,
    /// Its events as stored.
    pub records: Vec<Record>,
    /// Its events as this build reads them.
    pub events: Vec<Event>,
    /// The case that they fold to.
    pub case: Case,
}

impl GoldenCase {
    /// Every case of every schema.
    pub fn all() -> Vec<Self> {
        Folder::all("events").iter().flat_map(in_folder).collect()
    }
}

/// The name of a kind of event, as stored events and their files have it.
pub fn kind_name(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Submitted => "submitted",
        EventKind::Verified => "verified",
        EventKind::Expedited => "expedited",
        EventKind::Withdrawn => "withdrawn",
        EventKind::Approved => "approved",
        EventKind::Denied => "denied",
        EventKind::Notified => "notified",
        EventKind::DueSoon => "due_soon",
        EventKind::Overdue => "overdue",
    }
}

/// The name of the file of an event, such as `02-due_soon.json`.
pub fn file_name(version: u32, kind: EventKind) -> String {
    format!("{version:02}-{}.json", kind_name(kind))
}

fn in_folder(folder: &Folder) -> Vec<GoldenCase> {
    let mut names: Vec<&str> = folder
        .files()
        .map(|(file, _)| file.split_once('/').expect("a case and an event").0)
        .collect();
    names.dedup();
    names
        .into_iter()
        .map(|name| golden_case(folder, name))
        .collect()
}

fn golden_case(folder: &Folder, name: &str) -> GoldenCase {
    let mut records: Vec<Record> = Vec::new();
    let mut events = Vec::new();
    let mut previous = Digest::ZERO;
    for (file, sha256) in folder.files() {
        let Some(("", of_case)) = file
            .split_once(name)
            .filter(|(_, rest)| rest.starts_with('/'))
        else {
            continue;
        };
        let bytes = folder.read(file);
        let (header, event) = SealedEvent::unseal(&bytes, sha256)
            .unwrap_or_else(|error| panic!("{}/{file}: {error}", folder.name));
        assert_eq!(header.schema, folder.schema(), "{file}");
        assert_eq!(header.previous, previous, "{file}");
        assert_eq!(
            of_case[1..],
            file_name(header.version, event.body.kind()),
            "{file}"
        );
        previous = sha256;
        records.push(Record {
            position: header.version.into(),
            determination_id: header.determination_id,
            version: header.version,
            bytes,
            sha256,
        });
        events.push(event);
    }
    let id = records[0].determination_id;
    let case = fold(id, &records).unwrap_or_else(|error| panic!("{name}: {error}"));
    GoldenCase {
        name: format!("{}/{name}", folder.name),
        records,
        events,
        case,
    }
}

#[test]
fn golden_events_fold_to_the_expected_cases() {
    for golden in GoldenCase::all() {
        let file = serde_json::to_string_pretty(&golden.case.current).expect("JSON");
        compare(&format!("{}/file.json", golden.name), &(file + "\n"));
    }
}

#[test]
fn golden_cases_are_shown_as_expected() {
    let (plan, policy) = (plans::full(), Policy::default());
    let shown = RenderContext {
        as_of: as_of(),
        plan: &plan,
        calendar: &policy.calendar,
    };
    for golden in GoldenCase::all() {
        let full = render::full(&golden.case, &golden.events, shown);
        let name = format!("{}/determination.json", golden.name);
        compare(&name, &contract::text("Determination", &*full));
    }
}

/// A type that cannot be read back from a snapshot, such as one that leaves fields out, is found here.
#[test]
fn golden_cases_survive_their_snapshots() {
    for golden in GoldenCase::all() {
        let snapshot = encode_state(&golden.case.current).expect("a snapshot");
        assert_eq!(
            decode_state(&snapshot),
            Some(golden.case.current),
            "{}",
            golden.name
        );
    }
}

#[test]
fn a_changed_byte_is_found() {
    let golden = GoldenCase::all().swap_remove(0);
    let record = &golden.records[0];
    for at in 0..record.bytes.len() {
        let mut bytes = record.bytes.clone();
        bytes[at] ^= 1;
        assert!(
            SealedEvent::unseal(&bytes, record.sha256).is_err(),
            "byte {at}"
        );
    }
}

/// Every letter that a golden case names.
pub fn letters_named() -> Vec<(String, NoticeReference)> {
    let named = |golden: GoldenCase| {
        let name = golden.name;
        let notices = golden.case.current.notices;
        notices
            .into_iter()
            .map(move |notice| (name.clone(), notice))
    };
    GoldenCase::all().into_iter().flat_map(named).collect()
}
