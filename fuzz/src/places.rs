//! The target for page tokens and watch cursors: only those that the service issued are accepted, at their place.

use arbitrary::Unstructured;
use prost::Message as _;
use second_opinion::store::Place;
use second_opinion::wire::parse::{self, Cursor};
use second_opinion::wire::v1::{ListDeterminationsRequest, WatchDeterminationsRequest};

use super::support::{below, descriptor, number, text};

/// Decodes a place and the filters of a list, then any text as a page token and as a cursor.
pub fn places(data: &[u8]) {
    let mut bytes = Unstructured::new(data);
    let place = Place {
        first_due_us: number(&mut bytes),
        opened_at: bytes.arbitrary().unwrap_or_default(),
    };
    let query = list(&mut bytes);
    let Ok(parsed) = parse::list_determinations(&query) else {
        return;
    };
    let token = parse::page_token(place, parsed.fingerprint);
    assert_eq!(after(&query, &token), Some(place), "an issued token");

    // An issued token with one byte changed, of the same list.
    let mut changed = token.clone().into_bytes();
    let index = below(&mut bytes, changed.len());
    changed[index] = bytes.arbitrary().unwrap_or(b'A');
    if let Ok(changed) = String::from_utf8(changed)
        && changed != token
    {
        assert_eq!(after(&query, &changed), None, "a changed token");
    }

    // The same token of another list.
    let other = list(&mut bytes);
    if let Ok(other_parsed) = parse::list_determinations(&other)
        && other_parsed.fingerprint != parsed.fingerprint
    {
        assert_eq!(after(&other, &token), None, "a token of another list");
    }

    check_cursor(bytes.arbitrary().unwrap_or_default());
    check_arbitrary_token(&query, &text(&mut bytes));
}

/// A request for a list with filters chosen by the bytes, without a page token.
fn list(bytes: &mut Unstructured<'_>) -> ListDeterminationsRequest {
    let message = super::message::any(bytes, &descriptor("ListDeterminationsRequest"));
    let message = ListDeterminationsRequest::decode(message.encode_to_vec().as_slice());
    ListDeterminationsRequest {
        page_token: String::new(),
        ..message.expect("a message")
    }
}

/// The place at which a token continues a list; `None` if the token is rejected with its field.
fn after(query: &ListDeterminationsRequest, token: &str) -> Option<Place> {
    let query = ListDeterminationsRequest {
        page_token: token.to_owned(),
        ..query.clone()
    };
    match parse::list_determinations(&query) {
        Ok(query) => query.worklist.after,
        Err(malformed) => {
            let fields: Vec<&str> = malformed
                .violations
                .iter()
                .map(|violation| violation.field.as_str())
                .collect();
            assert_eq!(fields, ["page_token"]);
            None
        }
    }
}

fn check_cursor(position: u64) {
    assert_eq!(parse_cursor(&position.to_string()), Cursor::After(position));
}

/// Checks that a text which is accepted is one that the service would issue.
fn check_arbitrary_token(query: &ListDeterminationsRequest, text: &str) {
    if let Some(place) = after(query, text) {
        let parsed = parse::list_determinations(query).expect("a valid list");
        assert_eq!(parse::page_token(place, parsed.fingerprint), text);
    }
    match parse_cursor(text) {
        Cursor::Now => assert_eq!(text.trim(), ""),
        Cursor::After(position) => assert_eq!(position.to_string(), text.trim()),
        Cursor::Unknown => {}
    }
}

fn parse_cursor(cursor: &str) -> Cursor {
    parse::watch(&WatchDeterminationsRequest {
        cursor: cursor.to_owned(),
    })
}
