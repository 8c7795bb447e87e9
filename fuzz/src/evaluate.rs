//! The target for the `evaluate` command: arbitrary text as its input.

use second_opinion::cli::{determination_of, request_of};
use second_opinion::config::Config;
use second_opinion::wire::{json, v1};

use prost::Message as _;
use prost_reflect::DynamicMessage;

use super::request::check_json;
use super::support::{descriptor, now};

/// Evaluates the text as the command does.
pub fn evaluate(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(request) = request_of(text) else {
        return;
    };
    check_request_json(&request);
    let config = Config::default();
    match determination_of(request, &config, now()) {
        Ok(determination) => {
            assert!(!determination.findings.is_empty(), "no finding");
            let due = determination.due_at.map(|due| due.seconds);
            for clock in &determination.clocks {
                let start = clock.started_at.as_ref().map(|start| start.seconds);
                let clock_due = clock.due_at.as_ref().map(|due| due.seconds);
                assert!(clock_due > start, "due before receipt");
                assert!(due <= clock_due, "the earliest limit does not bind");
            }
            check_json(&determination, "Determination");
        }
        Err(failure) => assert!(failure.to_string().contains("second_opinion"), "{failure}"),
    }
}

/// Checks that the request, written as proto JSON, is read as the same request.
fn check_request_json(request: &v1::SecondOpinion) {
    let bytes = request.encode_to_vec();
    let message = DynamicMessage::decode(descriptor("SecondOpinion"), bytes.as_slice());
    // A timestamp out of range for JSON is rejected later, with its field.
    let Ok(text) = json::to_json(&message.expect("a message")) else {
        return;
    };
    match request_of(&text) {
        Ok(again) => assert_eq!(again, *request),
        // An empty request is read as a missing one.
        Err(_) => assert_eq!(*request, v1::SecondOpinion::default()),
    }
}
