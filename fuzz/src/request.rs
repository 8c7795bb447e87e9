//! The targets for requests: each is accepted and consistent, or rejected with the names of its invalid fields.
//!
//! [`requests`] decodes arbitrary bytes as a message; [`messages`] builds well-formed messages.

use arbitrary::Unstructured;
use chrono::{DateTime, Datelike as _, Utc};
use prost::Message;
use prost_reflect::{DynamicMessage, Kind, MessageDescriptor};
use second_opinion::case::{
    Actor, ActorKind, Case, CaseState, Context, Digest, Event, SecondOpinion, submit,
};
use second_opinion::rpc::evaluate_second_opinion::evaluated;
use second_opinion::store::{decode_state, encode_state};
use second_opinion::wire::parse::{self, Cursor, Malformed};
use second_opinion::wire::{json, render, v1};
use uuid::Uuid;

use super::support::{POLICY, below, calendar, descriptor, now, shown};

/// The unary calls and the watch.
const CALLS: [&str; 13] = [
    "SubmitSecondOpinion",
    "RecordVerification",
    "ExpediteSecondOpinion",
    "WithdrawSecondOpinion",
    "IssueApproval",
    "IssueDenial",
    "RecordNotification",
    "EvaluateSecondOpinion",
    "GetDetermination",
    "ListDeterminations",
    "GetNotice",
    "WatchDeterminations",
    "GetPolicy",
];

/// First year of an evaluation that is not checked as a record: its due date may be after the year 9999, which no record
/// can hold.
const RECORD_YEAR_END: i32 = 9_999;

/// The first byte selects the call; the rest is its message.
pub fn requests(data: &[u8]) {
    if let Some((call, message)) = data.split_first() {
        check(CALLS[usize::from(*call) % CALLS.len()], message);
    }
}

/// The bytes choose a call and the value of each field of its message.
pub fn messages(data: &[u8]) {
    let mut bytes = Unstructured::new(data);
    let call = CALLS[below(&mut bytes, CALLS.len())];
    let message = super::message::any(&mut bytes, &descriptor(&format!("{call}Request")));
    check(call, &message.encode_to_vec());
}

fn check(call: &str, bytes: &[u8]) {
    match call {
        "SubmitSecondOpinion" => {
            let change = read(call, bytes, |it| parse::submit(it, now(), calendar()));
            if let Some(change) = change {
                check_accepted(&change.command, now());
            }
        }
        "EvaluateSecondOpinion" => {
            let parsed = read(call, bytes, |it| parse::evaluate(it, now(), calendar()));
            if let Some((request, as_of)) = parsed {
                check_accepted(&request, as_of);
            }
        }
        "RecordVerification" => check_parse(call, bytes, |it| parse::record_verification(&it)),
        "ExpediteSecondOpinion" => {
            if let Some(change) = read(call, bytes, |it| parse::expedite(&it, now())) {
                let claims = change.command.claim.claims();
                assert!(claims.psychological || claims.practitioner || claims.functional);
            }
        }
        "WithdrawSecondOpinion" => check_parse(call, bytes, |it| parse::withdraw(&it)),
        "IssueApproval" => {
            if let Some(change) = read(call, bytes, |it| parse::issue_approval(&it, now())) {
                let approval = change.command;
                assert!(approval.units >= 1, "an approval without units");
                assert!(
                    approval
                        .valid_from
                        .is_none_or(|day| day <= approval.valid_through)
                );
            }
        }
        "IssueDenial" => {
            if let Some(change) = read(call, bytes, |it| parse::issue_denial(&it)) {
                let denial = change.command;
                assert!(!denial.reasons.is_empty(), "a denial without a reason");
                for reason in &denial.reasons {
                    assert!(!reason.explanation.is_empty(), "a reason without a text");
                }
            }
        }
        "RecordNotification" => {
            if let Some(change) = read(call, bytes, |it| parse::record_notification(&it, now())) {
                assert!(change.command.notification.notified_at <= now());
            }
        }
        "GetDetermination" => check_parse(call, bytes, |it| parse::get_determination(&it)),
        "ListDeterminations" => check_list(call, bytes),
        "GetNotice" => check_parse(call, bytes, |it| parse::get_notice(&it)),
        "WatchDeterminations" => {
            if let Ok(message) = v1::WatchDeterminationsRequest::decode(bytes)
                && let Cursor::After(position) = parse::watch(&message)
            {
                assert_eq!(position.to_string(), message.cursor.trim());
            }
        }
        _ => check_parse(call, bytes, |it| parse::get_policy(&it)),
    }
}

fn check_parse<M: Message + Default + PartialEq + Clone + std::fmt::Debug, T>(
    call: &str,
    bytes: &[u8],
    parse: impl Fn(M) -> Result<T, Malformed>,
) {
    read(call, bytes, parse);
}

/// Decodes and parses a message; `None` if it does not decode, or is rejected with the name of each invalid field.
fn read<M: Message + Default + PartialEq + Clone + std::fmt::Debug, T>(
    call: &str,
    bytes: &[u8],
    parse: impl Fn(M) -> Result<T, Malformed>,
) -> Option<T> {
    let message = M::decode(bytes).ok()?;
    // A repeated request is recognized by its encoded bytes, so they have to be the same each time.
    let encoded = message.encode_to_vec();
    let again = M::decode(encoded.as_slice()).expect("a message");
    assert_eq!(again, message);
    assert_eq!(again.encode_to_vec(), encoded);
    match parse(message) {
        Ok(value) => Some(value),
        Err(malformed) => {
            check_violations(&malformed, &descriptor(&format!("{call}Request")));
            None
        }
    }
}

/// Checks that every violation names a field of the message and has a description.
fn check_violations(malformed: &Malformed, message: &MessageDescriptor) {
    assert!(
        !malformed.violations.is_empty(),
        "rejected without a violation"
    );
    for violation in &malformed.violations {
        let field = &violation.field;
        assert!(has_field(message, field), "`{field}` is not a field");
        let text = violation.message.as_str();
        assert!(!text.is_empty() && !text.ends_with('.'), "`{text}`");
    }
}

fn has_field(message: &MessageDescriptor, path: &str) -> bool {
    let mut parent = Some(message.clone());
    for step in path.split('.') {
        let (name, index) = step.split_once('[').unwrap_or((step, ""));
        let Some(field) = parent.and_then(|it| it.get_field_by_name(name)) else {
            return false;
        };
        let number = index.strip_suffix(']').map(str::parse::<usize>);
        let is_index = field.is_list() && matches!(number, Some(Ok(_)));
        if !(index.is_empty() || is_index) {
            return false;
        }
        parent = match field.kind() {
            Kind::Message(inner) => Some(inner),
            _ => None,
        };
    }
    true
}

fn check_list(call: &str, bytes: &[u8]) {
    let Some(query) = read(call, bytes, |it| parse::list_determinations(&it)) else {
        return;
    };
    assert!((1..=500).contains(&query.worklist.limit));
    let token = v1::ListDeterminationsRequest::decode(bytes)
        .expect("a message")
        .page_token;
    match query.worklist.after {
        Some(place) => assert_eq!(parse::page_token(place, query.fingerprint), token),
        None => assert_eq!(token, ""),
    }
}

/// Checks that a valid request can be evaluated and rendered, and is the same when parsed from the rendering.
pub fn check_accepted(request: &SecondOpinion, now: DateTime<Utc>) {
    let context = Context {
        now,
        policy: &POLICY,
    };
    let evaluation = POLICY.evaluate(&request.inquiry(None));
    for clock in &evaluation.clocks {
        assert!(clock.due_at() > request.received_at, "due before receipt");
    }
    let submitted = submit(request.clone(), &context);
    let determination = evaluated(request.clone(), &context, shown(now));
    if now.year() >= RECORD_YEAR_END {
        return;
    }
    check_json(&*determination, "Determination");

    let event = Event {
        version: 1,
        occurred_at: now,
        actor: Actor {
            id: "issuer|fuzz".to_owned(),
            kind: ActorKind::Service,
        },
        body: submitted.clone().into(),
    };
    let file = CaseState::opened(submitted);
    let snapshot = encode_state(&file).expect("a snapshot");
    assert_eq!(decode_state(&snapshot).as_ref(), Some(&file));

    let case = Case::opened(Uuid::max(), event.clone(), Digest::ZERO).expect("a case");
    let full = render::full(&case, &[event], shown(now));
    check_json(&full, "Determination");
    let again = parse::second_opinion(full.second_opinion, now, calendar());
    assert_eq!(
        again.as_ref(),
        Ok(request),
        "the rendered request parses to another"
    );
}

/// Checks that the message can be written as proto JSON, and is the same when that is read.
pub fn check_json(message: &impl Message, name: &str) {
    let bytes = message.encode_to_vec();
    let message = DynamicMessage::decode(descriptor(name), bytes.as_slice()).expect("a message");
    let text = json::to_json(&message).expect("JSON");
    let again = json::from_json(descriptor(name), &text).expect("a message");
    assert_eq!(again, message);
}
