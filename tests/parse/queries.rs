//! The calls that only read: determinations, the watch, letters, the policy and evaluation.

use prost_types::Timestamp;
use second_opinion::notice::Form;
use second_opinion::rules::Calendar;
use second_opinion::store::Place;
use second_opinion::wire::parse::{self, Cursor};
use second_opinion::wire::v1;

use crate::samples::{DETERMINATION_ID, at, check, long, now, second_opinion, violated_fields};

#[test]
fn get_determination_fields() {
    let good = v1::GetDeterminationRequest {
        determination_id: DETERMINATION_ID.to_owned(),
        view: v1::View::Full.into(),
    };
    check(
        &good,
        |message| parse::get_determination(&message),
        &[
            (
                "an empty message",
                |m| *m = v1::GetDeterminationRequest::default(),
                &["determination_id"],
            ),
            (
                "an unknown view",
                |m| {
                    m.view = 3;
                    m.determination_id = "d".to_owned();
                },
                &["determination_id", "view"],
            ),
        ],
    );
    let unspecified = v1::GetDeterminationRequest { view: 0, ..good };
    let query = parse::get_determination(&unspecified).expect("a valid message");
    assert!(!query.full, "unspecified means BASIC");
}

fn list() -> v1::ListDeterminationsRequest {
    v1::ListDeterminationsRequest {
        states: vec![v1::State::PendingReview.into()],
        due_before: at("2026-03-10T00:00:00Z"),
        member_id: "90000000A".to_owned(),
        page_size: 10,
        page_token: String::new(),
        view: v1::View::Basic.into(),
        referral_number: "RAF-1".to_owned(),
        treatment_authorization_number: "TAR-1".to_owned(),
    }
}

#[test]
fn list_determinations_fields() {
    check(
        &list(),
        |message| parse::list_determinations(&message),
        &[
            (
                "no filter",
                |m| *m = v1::ListDeterminationsRequest::default(),
                &[],
            ),
            (
                "states",
                |m| m.states = vec![1, 0, 6],
                &["states[1]", "states[2]"],
            ),
            ("50 states", |m| m.states = vec![1; 50], &[]),
            ("51 states", |m| m.states = vec![1; 51], &["states"]),
            (
                "an instant out of range",
                |m| {
                    m.due_before = Some(Timestamp {
                        seconds: 0,
                        nanos: -1,
                    });
                },
                &["due_before"],
            ),
            (
                "a malformed CIN",
                |m| m.member_id = "x".to_owned(),
                &["member_id"],
            ),
            ("a negative page size", |m| m.page_size = -1, &["page_size"]),
            (
                "a token of another service",
                |m| m.page_token = "AAAA".to_owned(),
                &["page_token"],
            ),
            (
                "malformed numbers",
                |m| {
                    m.referral_number = long(201);
                    m.treatment_authorization_number = "a\nb".to_owned();
                    m.view = 9;
                },
                &["referral_number", "treatment_authorization_number", "view"],
            ),
        ],
    );
    for (size, limit) in [(0, 50), (1, 1), (500, 500), (501, 500), (i32::MAX, 500)] {
        let message = v1::ListDeterminationsRequest {
            page_size: size,
            ..list()
        };
        let query = parse::list_determinations(&message).expect("a valid message");
        assert_eq!(query.worklist.limit, limit, "{size}");
    }
}

#[test]
fn page_token_is_bound_to_its_filters() {
    let place = Place {
        first_due_us: 1_700_000_000_000_000,
        opened_at: 42,
    };
    let fingerprint = parse::list_determinations(&list())
        .expect("a valid message")
        .fingerprint;
    let next = v1::ListDeterminationsRequest {
        page_token: parse::page_token(place, fingerprint),
        ..list()
    };
    let query = parse::list_determinations(&next).expect("a valid message");
    assert_eq!(query.worklist.after, Some(place));
    // Page size and view may change between pages; filters may not.
    let other = v1::ListDeterminationsRequest {
        page_size: 99,
        view: 2,
        ..next.clone()
    };
    assert_eq!(violated_fields(parse::list_determinations(&other)), [""; 0]);
    let changed: [fn(&mut v1::ListDeterminationsRequest); 6] = [
        |m| m.states.clear(),
        |m| m.due_before = None,
        |m| m.member_id = "90000000B".to_owned(),
        |m| m.referral_number.clear(),
        |m| m.treatment_authorization_number.push('0'),
        |m| m.page_token.replace_range(0..1, "_"),
    ];
    for change in changed {
        let mut message = next.clone();
        change(&mut message);
        assert_eq!(
            violated_fields(parse::list_determinations(&message)),
            ["page_token"]
        );
    }
}

#[test]
fn watch_starts_at_its_cursor() {
    for (cursor, expected) in [
        ("", Cursor::Now),
        ("0", Cursor::After(0)),
        ("17", Cursor::After(17)),
        ("007", Cursor::Unknown),
        ("-1", Cursor::Unknown),
        ("+1", Cursor::Unknown),
        ("latest", Cursor::Unknown),
        ("99999999999999999999", Cursor::Unknown),
    ] {
        let message = v1::WatchDeterminationsRequest {
            cursor: cursor.to_owned(),
        };
        assert_eq!(parse::watch(&message), expected, "`{cursor}`");
    }
}

#[test]
fn get_notice_fields() {
    let good = v1::GetNoticeRequest {
        notice_id: DETERMINATION_ID.to_owned(),
        format: 0,
        language: "es".to_owned(),
        large_print: true,
    };
    check(
        &good,
        |message| parse::get_notice(&message),
        &[
            (
                "an empty message",
                |m| *m = v1::GetNoticeRequest::default(),
                &["notice_id"],
            ),
            (
                "malformed fields",
                |m| {
                    m.notice_id = "n".to_owned();
                    m.format = 4;
                    m.language = "?".to_owned();
                },
                &["format", "language", "notice_id"],
            ),
        ],
    );
    let query = parse::get_notice(&good).expect("a valid message");
    assert_eq!(query.form, Form::Pdf, "unspecified means PDF");
}

#[test]
fn get_policy_version() {
    let version = |text: &str| {
        parse::get_policy(&v1::GetPolicyRequest {
            version: text.to_owned(),
        })
    };
    assert_eq!(version("").expect("the version in force"), None);
    assert!(version("2024-09-11").expect("a day").is_some());
    assert_eq!(violated_fields(version("latest")), ["version"]);
}

#[test]
fn evaluate_fields() {
    let good = v1::EvaluateSecondOpinionRequest {
        second_opinion: Some(Box::new(second_opinion())),
        as_of: at("2026-03-02T18:00:00Z"),
    };
    let calendar = Calendar::default();
    check(
        &good,
        |message| parse::evaluate(message, now(), &calendar),
        &[
            (
                "no request",
                |m| m.second_opinion = None,
                &["second_opinion"],
            ),
            ("no instant", |m| m.as_of = None, &[]),
            (
                "received after the instant that replaces the clock",
                |m| m.as_of = at("2026-03-02T16:58:59Z"),
                &["second_opinion.received_at"],
            ),
            (
                "received 60 s after it",
                |m| m.as_of = at("2026-03-02T16:59:00Z"),
                &[],
            ),
            (
                "an instant before the policy was adopted, and no instant of receipt",
                |m| {
                    m.as_of = at("2016-04-20T06:59:59Z");
                    m.second_opinion.get_or_insert_default().received_at = None;
                },
                &["as_of"],
            ),
            (
                "the first instant of the day of adoption",
                |m| {
                    m.as_of = at("2016-04-20T07:00:00Z");
                    m.second_opinion.get_or_insert_default().received_at = None;
                },
                &[],
            ),
            (
                "both wrong",
                |m| {
                    m.as_of = Some(Timestamp {
                        seconds: 0,
                        nanos: -1,
                    });
                    m.second_opinion = None;
                },
                &["as_of", "second_opinion"],
            ),
        ],
    );
}
