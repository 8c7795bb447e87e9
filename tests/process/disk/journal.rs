//! The journal that `disk.c` writes: the disk's operations in order.

use std::path::Path;

/// A process and a number: one opening of a file.
pub type Handle = (u32, u32);

/// One operation.
#[derive(Clone)]
pub struct Entry {
    /// The length of the journal up to and with this entry.
    pub end: usize,
    pub handle: Handle,
    pub operation: Operation,
}

/// An operation. Paths are relative to the disk's root and begin with a slash.
#[derive(Clone)]
pub enum Operation {
    Create(String),
    Open(String),
    Write { offset: usize, bytes: Vec<u8> },
    Truncate(usize),
    Sync,
    FailedSync,
    Remove(String),
    Rename(String, String),
    Link(String, String),
    CreateFolder(String),
}

/// The bytes of an entry before its content.
const HEADER_BYTES: usize = 21;

pub fn read(path: &Path) -> Vec<Entry> {
    let journal = std::fs::read(path).expect("a journal");
    let (mut entries, mut start) = (Vec::new(), 0);
    while let Some((entry, end)) = read_entry(&journal, start) {
        entries.push(entry);
        start = end;
    }
    assert_eq!(start, journal.len(), "the journal ends with an entry");
    entries
}

fn read_entry(journal: &[u8], start: usize) -> Option<(Entry, usize)> {
    let header = journal.get(start..start + HEADER_BYTES)?;
    let number = |at: usize| u32::from_le_bytes(header[at..at + 4].try_into().expect("four"));
    let offset = u64::from_le_bytes(header[9..17].try_into().expect("eight"));
    let offset = usize::try_from(offset).expect("it fits");
    let end = start + HEADER_BYTES + number(17) as usize;
    let bytes = journal.get(start + HEADER_BYTES..end)?;
    let path = || String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let two_paths = || {
        let path = path();
        let (from, to) = path.split_once('\n').expect("two paths");
        (from.to_owned(), to.to_owned())
    };
    let operation = match header[0] {
        b'C' => Operation::Create(path()),
        b'O' => Operation::Open(path()),
        b'W' => Operation::Write {
            offset,
            bytes: bytes.to_vec(),
        },
        b'T' => Operation::Truncate(offset),
        b'S' => Operation::Sync,
        b'F' => Operation::FailedSync,
        b'U' => Operation::Remove(path()),
        b'R' => {
            let (from, to) = two_paths();
            Operation::Rename(from, to)
        }
        b'L' => {
            let (from, to) = two_paths();
            Operation::Link(from, to)
        }
        b'M' => Operation::CreateFolder(path()),
        other => panic!("an unknown operation: {}", char::from(other)),
    };
    let entry = Entry {
        end,
        handle: (number(1), number(5)),
        operation,
    };
    Some((entry, end))
}
