//! The disk image that a power cut may leave: every synced byte, and any part of the others, by sectors of 512 bytes.
//!
//! A failed sync makes nothing durable: the system then takes the file's pages for clean, and no later sync writes them. A name is
//! durable once its folder was synced; a file system journals names, and either writes them later or stops.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use proptest::prelude::{Rng as _, RngExt as _};
use proptest::test_runner::{RngAlgorithm, TestRng};

use super::journal::{Entry, Handle, Operation};

const SECTOR_BYTES: usize = 512;

/// A generator of random numbers that follow from a seed.
pub fn rng(seed: u64) -> TestRng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)
}

/// The part of the unsynced writes that survives a cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsynced {
    Lost,
    Kept,
    /// Random sectors survive.
    Random,
    /// The first writes survive, up to one that is torn.
    First,
    /// The last writes survive, from one that is torn.
    Last,
}

impl Unsynced {
    pub const ALL: [Self; 5] = [
        Self::Lost,
        Self::Kept,
        Self::Random,
        Self::First,
        Self::Last,
    ];

    /// Whether a sector of the file's write `index` survives, where `torn` is the write that tears.
    fn keeps(self, index: usize, torn: usize, rng: &mut TestRng) -> bool {
        match self {
            Self::Lost => false,
            Self::Kept => true,
            Self::First if index != torn => index < torn,
            Self::Last if index != torn => index > torn,
            Self::Random | Self::First | Self::Last => rng.random(),
        }
    }
}

#[derive(Clone, Copy)]
enum Write<'a> {
    Bytes(usize, &'a [u8]),
    Truncate(usize),
}

impl Write<'_> {
    fn apply_to(self, file: &mut Vec<u8>) {
        match self {
            Self::Bytes(offset, bytes) => put(file, offset, bytes),
            Self::Truncate(size) => file.resize(size, 0),
        }
    }

    fn sectors(self) -> std::ops::Range<usize> {
        match self {
            Self::Bytes(offset, bytes) => {
                offset / SECTOR_BYTES..(offset + bytes.len()).div_ceil(SECTOR_BYTES)
            }
            Self::Truncate(_) => 0..0,
        }
    }
}

fn put(file: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[offset..end].copy_from_slice(bytes);
}

fn sector(file: &[u8], number: usize) -> &[u8] {
    let start = (number * SECTOR_BYTES).min(file.len());
    &file[start..(start + SECTOR_BYTES).min(file.len())]
}

/// A file: its durable bytes, and the writes that the system still holds.
#[derive(Default)]
struct Content<'a> {
    durable: Vec<u8>,
    pending: Vec<Write<'a>>,
    /// Sectors of a failed sync, as the system holds them. The disk has them or not.
    doubtful: BTreeMap<usize, Vec<u8>>,
    /// The file's length in the system at its last sync, failed or not.
    length: usize,
}

impl Content<'_> {
    /// The file in the system at its last sync.
    fn at_last_sync(&self) -> Vec<u8> {
        let mut held = self.durable.clone();
        for (number, bytes) in &self.doubtful {
            put(&mut held, number * SECTOR_BYTES, bytes);
        }
        held.resize(self.length, 0);
        held
    }

    /// The file in the system now.
    fn current(&self) -> Vec<u8> {
        let mut current = self.at_last_sync();
        for write in &self.pending {
            write.apply_to(&mut current);
        }
        current
    }

    fn pending_sectors(&self) -> BTreeSet<usize> {
        self.pending
            .iter()
            .flat_map(|write| write.sectors())
            .collect()
    }

    fn sync(&mut self) {
        if self.doubtful.is_empty() {
            for write in self.pending.drain(..) {
                write.apply_to(&mut self.durable);
            }
        } else {
            let current = self.current();
            self.durable.resize(current.len(), 0);
            for number in self.pending_sectors() {
                put(
                    &mut self.durable,
                    number * SECTOR_BYTES,
                    sector(&current, number),
                );
                self.doubtful.remove(&number);
            }
            self.doubtful
                .retain(|number, _| number * SECTOR_BYTES < current.len());
            self.pending.clear();
        }
        self.length = self.durable.len();
    }

    fn fail_sync(&mut self) {
        let current = self.current();
        for number in self.pending_sectors() {
            self.doubtful
                .insert(number, sector(&current, number).to_vec());
        }
        self.doubtful
            .retain(|number, _| number * SECTOR_BYTES < current.len());
        self.pending.clear();
        self.length = current.len();
    }

    fn after_cut(&self, unsynced: Unsynced, has_garbage: bool, rng: &mut TestRng) -> Vec<u8> {
        let mut disk = self.durable.clone();
        for (number, bytes) in &self.doubtful {
            let survives = match unsynced {
                Unsynced::Lost => false,
                Unsynced::Kept => true,
                Unsynced::Random | Unsynced::First | Unsynced::Last => rng.random(),
            };
            if survives {
                put(&mut disk, number * SECTOR_BYTES, bytes);
            }
        }
        if self.pending.is_empty() {
            return disk;
        }
        let mut held = self.at_last_sync();
        let torn = rng.random_range(0..self.pending.len());
        for (index, write) in self.pending.iter().enumerate() {
            write.apply_to(&mut held);
            match write {
                Write::Truncate(size) => {
                    if unsynced.keeps(index, torn, rng) {
                        disk.resize(*size, 0);
                    }
                }
                Write::Bytes(..) => {
                    for number in write.sectors() {
                        if unsynced.keeps(index, torn, rng) {
                            grow(&mut disk, number * SECTOR_BYTES, has_garbage, rng);
                            put(&mut disk, number * SECTOR_BYTES, sector(&held, number));
                        }
                    }
                }
            }
        }
        if has_garbage && unsynced != Unsynced::Lost {
            grow(&mut disk, held.len(), has_garbage, rng);
        }
        disk
    }
}

/// Extends a file without a write, by zeros or by garbage: the disk's earlier content.
fn grow(file: &mut Vec<u8>, length: usize, has_garbage: bool, rng: &mut TestRng) {
    let old = file.len();
    if length > old {
        file.resize(length, 0);
        if has_garbage {
            rng.fill_bytes(&mut file[old..]);
        }
    }
}

#[derive(Clone, Copy)]
enum Node {
    File(usize),
    Folder,
}

/// A change of names in one folder, durable once the folder is synced.
struct Renaming {
    folder: String,
    changes: Vec<(String, Option<Node>)>,
}

/// The disk as of an entry of the journal.
#[derive(Default)]
pub struct Disk<'a> {
    files: Vec<Content<'a>>,
    /// The names in the system.
    names: BTreeMap<String, Node>,
    durable: BTreeMap<String, Node>,
    pending: Vec<Renaming>,
    open: HashMap<Handle, (Node, &'a str)>,
}

/// The files, with their bytes, and folders after a cut. A folder comes before its content.
pub type Image = Vec<(String, Option<Vec<u8>>)>;

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

impl<'a> Disk<'a> {
    pub fn apply(&mut self, entry: &'a Entry) {
        match &entry.operation {
            Operation::Create(path) => {
                self.files.push(Content::default());
                let node = Node::File(self.files.len() - 1);
                self.change_names(path, vec![(path.clone(), Some(node))]);
                self.open.insert(entry.handle, (node, path));
            }
            Operation::Open(path) => {
                let node = self.node(path);
                self.open.insert(entry.handle, (node, path));
            }
            Operation::Write { offset, bytes } => {
                self.file(entry.handle)
                    .pending
                    .push(Write::Bytes(*offset, bytes));
            }
            Operation::Truncate(size) => {
                let file = self.file(entry.handle);
                file.pending.push(Write::Truncate(*size));
            }
            Operation::Sync => match self.open[&entry.handle] {
                (Node::File(file), _) => self.files[file].sync(),
                (Node::Folder, path) => self.sync_folder(path),
            },
            Operation::FailedSync => match self.open[&entry.handle] {
                (Node::File(file), _) => self.files[file].fail_sync(),
                (Node::Folder, _) => {}
            },
            Operation::Remove(path) => self.change_names(path, vec![(path.clone(), None)]),
            Operation::Rename(from, to) => {
                let changes = vec![(from.clone(), None), (to.clone(), Some(self.node(from)))];
                self.change_names(to, changes);
            }
            Operation::Link(from, to) => {
                let changes = vec![(to.clone(), Some(self.node(from)))];
                self.change_names(to, changes);
            }
            Operation::CreateFolder(path) => {
                self.change_names(path, vec![(path.clone(), Some(Node::Folder))]);
            }
        }
    }

    fn node(&self, path: &str) -> Node {
        match self.names.get(path) {
            Some(node) => *node,
            None if path.is_empty() => Node::Folder,
            None => panic!("{path} does not exist"),
        }
    }

    fn file(&mut self, handle: Handle) -> &mut Content<'a> {
        match self.open[&handle] {
            (Node::File(file), _) => &mut self.files[file],
            (Node::Folder, path) => panic!("{path} is a folder"),
        }
    }

    fn change_names(&mut self, path: &str, changes: Vec<(String, Option<Node>)>) {
        apply_names(&mut self.names, &changes);
        self.pending.push(Renaming {
            folder: folder_of(path).to_owned(),
            changes,
        });
    }

    fn sync_folder(&mut self, path: &str) {
        let durable = &mut self.durable;
        self.pending.retain(|renaming| {
            let is_here = renaming.folder == path;
            if is_here {
                apply_names(durable, &renaming.changes);
            }
            !is_here
        });
    }

    pub fn after_cut(&self, unsynced: Unsynced, rng: &mut TestRng) -> Image {
        let has_garbage = rng.random();
        let mut names = self.durable.clone();
        let torn = rng.random_range(0..self.pending.len().max(1));
        for (index, renaming) in self.pending.iter().enumerate() {
            if unsynced.keeps(index, torn, rng) {
                apply_names(&mut names, &renaming.changes);
            }
        }
        // In the order of their paths: a folder comes before its content.
        let mut image: Image = Vec::new();
        let mut folders = BTreeSet::from([""]);
        for (path, node) in &names {
            if !folders.contains(folder_of(path)) {
                continue;
            }
            let bytes = match node {
                Node::Folder => None,
                Node::File(file) => Some(self.files[*file].after_cut(unsynced, has_garbage, rng)),
            };
            if bytes.is_none() {
                folders.insert(path);
            }
            image.push((path.clone(), bytes));
        }
        image
    }
}

fn apply_names(names: &mut BTreeMap<String, Node>, changes: &[(String, Option<Node>)]) {
    for (path, node) in changes {
        match node {
            Some(node) => names.insert(path.clone(), *node),
            None => names.remove(path),
        };
    }
}

/// Writes an image into a folder.
pub fn write_into(folder: &Path, image: &Image) {
    for (path, bytes) in image {
        let path = folder.join(path.trim_start_matches('/'));
        match bytes {
            None => std::fs::create_dir(path).expect("a folder"),
            Some(bytes) => {
                std::fs::write(&path, bytes).expect("a file");
                // The mode of every file that the server creates.
                let private = std::fs::Permissions::from_mode(0o600);
                std::fs::set_permissions(path, private).expect("its mode");
            }
        }
    }
}
