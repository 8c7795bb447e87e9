//! What does `evaluate` make of any text that is handed to it?

use second_opinion::cli::{determination_of, request_of};
use second_opinion::config::Config;
use second_opinion::wire::{json, v1};

use prost::Message as _;
use prost_reflect::DynamicMessage;

use super::request::is_json;
use super::support::{descriptor, now};

/// The text as the command reads it.
pub fn evaluate(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(request) = request_of(text) else {
        return;
    };
    written_again(&request);
    let config = Config::default();
    match determination_of(request, &config, now()) {
        Ok(determination) => {
            assert!(!determination.findings.is_empty(), "without a clause");
            let due = determination.due_at.map(|due| due.seconds);
            for clock in &determination.clocks {
                let start = clock.started_at.as_ref().map(|start| start.seconds);
                let clock_due = clock.due_at.as_ref().map(|due| due.seconds);
                assert!(clock_due > start, "due before receipt");
                assert!(due <= clock_due, "the earliest binds");
            }
            is_json(&determination, "Determination");
        }
        Err(failure) => assert!(failure.to_string().contains("second_opinion"), "{failure}"),
    }
}

/// The request as proto JSON is read as the same request.
fn written_again(request: &v1::SecondOpinion) {
    let bytes = request.encode_to_vec();
    let message = DynamicMessage::decode(descriptor("SecondOpinion"), bytes.as_slice());
    // A timestamp that no JSON can tell is refused later, by name.
    let Ok(text) = json::to_json(&message.expect("a message")) else {
        return;
    };
    match request_of(&text) {
        Ok(again) => assert_eq!(again, *request),
        // An empty one cannot be told from none.
        Err(_) => assert_eq!(*request, v1::SecondOpinion::default()),
    }
}
