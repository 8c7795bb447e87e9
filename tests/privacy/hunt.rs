//! Where is it looked for canaries, and in which disguises?

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use tonic::Status;

use crate::canaries::CANARIES;

/// What the log was told.
#[derive(Clone, Default)]
pub struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
    pub fn text(&self) -> String {
        let bytes = self.0.lock().expect("sound").clone();
        String::from_utf8(bytes).expect("UTF-8")
    }
}

impl Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("sound").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The word, its bytes as `Debug` lists them, and its bytes in hexadecimal digits.
fn disguises(canary: &str) -> [String; 3] {
    let bytes = canary.bytes();
    let listed: Vec<String> = bytes.clone().map(|byte| byte.to_string()).collect();
    let digits: Vec<String> = bytes.map(|byte| format!("{byte:02x}")).collect();
    [canary.to_owned(), listed.join(", "), digits.concat()]
}

/// The first canary in something, with what stands around it.
pub fn find(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    CANARIES.iter().find_map(|canary| {
        disguises(canary).into_iter().find_map(|sought| {
            let (before, after) = text.split_once(&sought)?;
            let before: String = before.chars().rev().take(300).collect();
            let before: String = before.chars().rev().collect();
            let after: String = after.chars().take(100).collect();
            Some(format!("{canary}: …{before}[{sought}]{after}…"))
        })
    })
}

pub fn assert_none(place: &str, bytes: &[u8]) {
    assert!(!bytes.is_empty(), "nothing to look at: {place}");
    if let Some(found) = find(bytes) {
        panic!("{place}: {found}");
    }
}

/// All that a refusal says.
pub fn said(status: &Status) -> Vec<u8> {
    let mut said = format!("{:?} {:?} ", status.message(), status.metadata()).into_bytes();
    said.extend_from_slice(status.details());
    said
}

#[test]
fn a_canary_is_found_in_every_disguise() {
    for disguise in [
        "a Canary sings",
        "[0, 99, 97, 110, 97, 114, 121, 0]",
        "0063616E61727900",
        "(707) 555-0177",
    ] {
        assert!(find(disguise.as_bytes()).is_some(), "{disguise}");
    }
    assert_eq!(find(b"nothing of a person"), None);
}
