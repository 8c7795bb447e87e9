//! Searches outputs for canary values, in plain and in encoded form.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use tonic::Status;

use crate::canaries::CANARIES;

/// The log's output.
#[derive(Clone, Default)]
pub struct LogBuffer(Arc<Mutex<Vec<u8>>>);

impl LogBuffer {
    pub fn text(&self) -> String {
        let bytes = self.0.lock().expect("a lock").clone();
        String::from_utf8(bytes).expect("UTF-8")
    }
}

impl Write for LogBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("a lock").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The canary as text, as a `Debug` list of its bytes, and in hexadecimal.
fn encodings(canary: &str) -> [String; 3] {
    let bytes = canary.bytes();
    let listed: Vec<String> = bytes.clone().map(|byte| byte.to_string()).collect();
    let digits: Vec<String> = bytes.map(|byte| format!("{byte:02x}")).collect();
    [canary.to_owned(), listed.join(", "), digits.concat()]
}

/// Finds the first canary, and returns it with the text around it.
pub fn find(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    CANARIES.iter().find_map(|canary| {
        encodings(canary).into_iter().find_map(|encoded| {
            let (before, after) = text.split_once(&encoded)?;
            let before: String = before.chars().rev().take(300).collect();
            let before: String = before.chars().rev().collect();
            let after: String = after.chars().take(100).collect();
            Some(format!("{canary}: …{before}[{encoded}]{after}…"))
        })
    })
}

pub fn assert_none(place: &str, bytes: &[u8]) {
    assert!(!bytes.is_empty(), "{place}: nothing to search");
    if let Some(found) = find(bytes) {
        panic!("{place}: {found}");
    }
}

/// The message, metadata and details of a status.
pub fn contents(status: &Status) -> Vec<u8> {
    let mut contents = format!("{:?} {:?} ", status.message(), status.metadata()).into_bytes();
    contents.extend_from_slice(status.details());
    contents
}

#[test]
fn a_canary_is_found_in_every_encoding() {
    for text in [
        "a Canary sings",
        "[0, 99, 97, 110, 97, 114, 121, 0]",
        "0063616E61727900",
        "(707) 555-0177",
    ] {
        assert!(find(text.as_bytes()).is_some(), "{text}");
    }
    assert_eq!(find(b"no personal data"), None);
}
