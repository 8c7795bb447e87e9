//! Does a list or a watch go on where it was left, and only where we said so?

use arbitrary::Unstructured;
use prost::Message as _;
use second_opinion::store::Place;
use second_opinion::wire::parse::{self, Cursor};
use second_opinion::wire::v1::{ListDeterminationsRequest, WatchDeterminationsRequest};

use super::support::{below, descriptor, number, text};

/// A place and the filters of a list; then any text, as a page token and as a cursor.
pub fn places(data: &[u8]) {
    let mut bytes = Unstructured::new(data);
    let place = Place {
        first_due_us: number(&mut bytes),
        opened_at: bytes.arbitrary().unwrap_or_default(),
    };
    let query = list(&mut bytes);
    let Ok(asked) = parse::list_determinations(&query) else {
        return;
    };
    let token = parse::page_token(place, asked.fingerprint);
    assert_eq!(after(&query, &token), Some(place), "a token of ours");

    // A token of ours that was changed, of the same list.
    let mut changed = token.clone().into_bytes();
    let at = below(&mut bytes, changed.len());
    changed[at] = bytes.arbitrary().unwrap_or(b'A');
    if let Ok(changed) = String::from_utf8(changed)
        && changed != token
    {
        assert_eq!(after(&query, &changed), None, "a token that was changed");
    }

    // The same token of another list.
    let other = list(&mut bytes);
    if let Ok(other_asked) = parse::list_determinations(&other)
        && other_asked.fingerprint != asked.fingerprint
    {
        assert_eq!(after(&other, &token), None, "a token of another list");
    }

    cursor(bytes.arbitrary().unwrap_or_default());
    made_up(&query, &text(&mut bytes));
}

/// A list as the bytes ask for it, from its beginning.
fn list(bytes: &mut Unstructured<'_>) -> ListDeterminationsRequest {
    let message = super::message::any(bytes, &descriptor("ListDeterminationsRequest"));
    let message = ListDeterminationsRequest::decode(message.encode_to_vec().as_slice());
    ListDeterminationsRequest {
        page_token: String::new(),
        ..message.expect("a message")
    }
}

/// Where a list goes on with a token; `None`: the token is refused, by its name.
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

fn cursor(position: u64) {
    assert_eq!(watched(&position.to_string()), Cursor::After(position));
}

/// A text that is taken is one that we would have given out.
fn made_up(query: &ListDeterminationsRequest, text: &str) {
    if let Some(place) = after(query, text) {
        let asked = parse::list_determinations(query).expect("it was read before");
        assert_eq!(parse::page_token(place, asked.fingerprint), text);
    }
    match watched(text) {
        Cursor::Now => assert_eq!(text.trim(), ""),
        Cursor::After(position) => assert_eq!(position.to_string(), text.trim()),
        Cursor::Unknown => {}
    }
}

fn watched(cursor: &str) -> Cursor {
    parse::watch(&WatchDeterminationsRequest {
        cursor: cursor.to_owned(),
    })
}
