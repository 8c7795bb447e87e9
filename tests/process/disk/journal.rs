//! What was the disk asked to do, in which order? The journal that `disk.c` writes.

use std::path::Path;

/// Process and number: one opening of a file.
pub type Handle = (u32, u32);

/// One thing that the disk was asked to do.
pub struct Entry {
    /// The length of the journal with it.
    pub end: usize,
    pub handle: Handle,
    pub what: What,
}

/// Paths are from the root of the disk on, and begin with a slash.
pub enum What {
    Made(String),
    Opened(String),
    Wrote { offset: usize, bytes: Vec<u8> },
    Cut(usize),
    Synced,
    SyncFailed,
    Removed(String),
    Renamed(String, String),
    Linked(String, String),
    Folder(String),
}

const HEAD: usize = 21;

pub fn read(path: &Path) -> Vec<Entry> {
    let journal = std::fs::read(path).expect("a journal");
    let (mut entries, mut at) = (Vec::new(), 0);
    while let Some((entry, end)) = entry(&journal, at) {
        entries.push(entry);
        at = end;
    }
    assert_eq!(at, journal.len(), "the journal can be read to its end");
    entries
}

fn entry(journal: &[u8], at: usize) -> Option<(Entry, usize)> {
    let head = journal.get(at..at + HEAD)?;
    let number = |from: usize| u32::from_le_bytes(head[from..from + 4].try_into().expect("four"));
    let offset = u64::from_le_bytes(head[9..17].try_into().expect("eight"));
    let offset = usize::try_from(offset).expect("it fits");
    let end = at + HEAD + number(17) as usize;
    let bytes = journal.get(at + HEAD..end)?;
    let path = || String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let both = || {
        let path = path();
        let (from, to) = path.split_once('\n').expect("two paths");
        (from.to_owned(), to.to_owned())
    };
    let what = match head[0] {
        b'C' => What::Made(path()),
        b'O' => What::Opened(path()),
        b'W' => What::Wrote {
            offset,
            bytes: bytes.to_vec(),
        },
        b'T' => What::Cut(offset),
        b'S' => What::Synced,
        b'F' => What::SyncFailed,
        b'U' => What::Removed(path()),
        b'R' => {
            let (from, to) = both();
            What::Renamed(from, to)
        }
        b'L' => {
            let (from, to) = both();
            What::Linked(from, to)
        }
        b'M' => What::Folder(path()),
        other => panic!("what is {}?", char::from(other)),
    };
    let entry = Entry {
        end,
        handle: (number(1), number(5)),
        what,
    };
    Some((entry, end))
}
