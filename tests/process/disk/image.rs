//! Where may a power cut leave the disk? What was synced is there; of the rest any part, by sectors of 512 bytes.
//!
//! A sync of a file that failed keeps nothing and promises nothing: what it was to write is clean for the system from then
//! on, and no later sync writes it. A name is there once its folder was synced well; file systems keep a journal of names,
//! and either write it later or stop.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::journal::{Entry, Handle, What};

const SECTOR: usize = 512;

/// Numbers that follow from a seed (`SplitMix64`).
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).expect("below the limit")
    }

    pub fn coin(&mut self) -> bool {
        self.next() & 1 == 1
    }
}

/// What is there after the cut of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survives {
    Nothing,
    Everything,
    /// Each sector by chance.
    Some,
    /// What was written first, up to some write, which is torn.
    First,
    /// What was written last, from some write on, which is torn.
    Last,
}

impl Survives {
    pub const ALL: [Self; 5] = [
        Self::Nothing,
        Self::Everything,
        Self::Some,
        Self::First,
        Self::Last,
    ];

    /// For the `index`th of the writes of a file, where `torn` is the one that tears.
    fn keeps(self, index: usize, torn: usize, chance: &mut Chance) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::First if index != torn => index < torn,
            Self::Last if index != torn => index > torn,
            Self::Some | Self::First | Self::Last => chance.coin(),
        }
    }
}

#[derive(Clone, Copy)]
enum Write<'a> {
    Bytes(usize, &'a [u8]),
    Cut(usize),
}

impl Write<'_> {
    /// Done to what the system holds of the file.
    fn done_to(self, held: &mut Vec<u8>) {
        match self {
            Self::Bytes(offset, bytes) => put(held, offset, bytes),
            Self::Cut(size) => held.resize(size, 0),
        }
    }

    fn sectors(self) -> std::ops::Range<usize> {
        match self {
            Self::Bytes(offset, bytes) => offset / SECTOR..(offset + bytes.len()).div_ceil(SECTOR),
            Self::Cut(_) => 0..0,
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
    let from = (number * SECTOR).min(file.len());
    &file[from..(from + SECTOR).min(file.len())]
}

/// A file: what is on the disk, and what the system holds that is not.
#[derive(Default)]
struct Content<'a> {
    durable: Vec<u8>,
    pending: Vec<Write<'a>>,
    /// Sectors that a failed sync left: what the system holds in them, and the disk may have or not.
    doubtful: BTreeMap<usize, Vec<u8>>,
    /// How long the system took the file to be when it was synced last, well or not.
    length: usize,
}

impl Content<'_> {
    /// What the system held when the file was synced last.
    fn base(&self) -> Vec<u8> {
        let mut held = self.durable.clone();
        for (number, bytes) in &self.doubtful {
            put(&mut held, number * SECTOR, bytes);
        }
        held.resize(self.length, 0);
        held
    }

    fn held(&self) -> Vec<u8> {
        let mut held = self.base();
        self.pending
            .iter()
            .for_each(|write| write.done_to(&mut held));
        held
    }

    fn touched(&self) -> BTreeSet<usize> {
        self.pending
            .iter()
            .flat_map(|write| write.sectors())
            .collect()
    }

    fn synced(&mut self) {
        if self.doubtful.is_empty() {
            let durable = &mut self.durable;
            self.pending
                .drain(..)
                .for_each(|write| write.done_to(durable));
        } else {
            let held = self.held();
            self.durable.resize(held.len(), 0);
            for number in self.touched() {
                put(&mut self.durable, number * SECTOR, sector(&held, number));
                self.doubtful.remove(&number);
            }
            self.doubtful
                .retain(|number, _| number * SECTOR < held.len());
            self.pending.clear();
        }
        self.length = self.durable.len();
    }

    fn sync_failed(&mut self) {
        let held = self.held();
        for number in self.touched() {
            self.doubtful.insert(number, sector(&held, number).to_vec());
        }
        self.doubtful
            .retain(|number, _| number * SECTOR < held.len());
        self.pending.clear();
        self.length = held.len();
    }

    fn after_a_cut(&self, survives: Survives, garbage: bool, chance: &mut Chance) -> Vec<u8> {
        let mut disk = self.durable.clone();
        for (number, bytes) in &self.doubtful {
            if survives == Survives::Everything || survives != Survives::Nothing && chance.coin() {
                put(&mut disk, number * SECTOR, bytes);
            }
        }
        if self.pending.is_empty() {
            return disk;
        }
        let mut held = self.base();
        let torn = chance.below(self.pending.len());
        for (index, write) in self.pending.iter().enumerate() {
            write.done_to(&mut held);
            match write {
                Write::Cut(size) => {
                    if survives.keeps(index, torn, chance) {
                        disk.resize(*size, 0);
                    }
                }
                Write::Bytes(..) => {
                    for number in write.sectors() {
                        if survives.keeps(index, torn, chance) {
                            grown(&mut disk, number * SECTOR, garbage, chance);
                            put(&mut disk, number * SECTOR, sector(&held, number));
                        }
                    }
                }
            }
        }
        if garbage && survives != Survives::Nothing {
            grown(&mut disk, held.len(), garbage, chance);
        }
        disk
    }
}

/// Makes a file longer without having been written: with nothing in it, or with what the disk held there before.
fn grown(file: &mut Vec<u8>, length: usize, garbage: bool, chance: &mut Chance) {
    let old = file.len();
    if length > old {
        file.resize(length, 0);
        if garbage {
            file[old..].fill_with(|| chance.next().to_le_bytes()[0]);
        }
    }
}

#[derive(Clone, Copy)]
enum Node {
    File(usize),
    Folder,
}

/// A change of names in one folder that the folder's sync makes last.
struct Naming {
    folder: String,
    changes: Vec<(String, Option<Node>)>,
}

/// The disk, as of some entry of the journal.
#[derive(Default)]
pub struct Disk<'a> {
    files: Vec<Content<'a>>,
    /// As the system shows them.
    names: BTreeMap<String, Node>,
    durable: BTreeMap<String, Node>,
    pending: Vec<Naming>,
    open: HashMap<Handle, (Node, &'a str)>,
}

/// What is found after the cut: files with their bytes and folders without, those above before those below.
pub type Image = Vec<(String, Option<Vec<u8>>)>;

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

impl<'a> Disk<'a> {
    pub fn apply(&mut self, entry: &'a Entry) {
        match &entry.what {
            What::Made(path) => {
                self.files.push(Content::default());
                let node = Node::File(self.files.len() - 1);
                self.name(path, vec![(path.clone(), Some(node))]);
                self.open.insert(entry.handle, (node, path));
            }
            What::Opened(path) => {
                let node = self.node(path);
                self.open.insert(entry.handle, (node, path));
            }
            What::Wrote { offset, bytes } => {
                self.file(entry.handle)
                    .pending
                    .push(Write::Bytes(*offset, bytes));
            }
            What::Cut(size) => self.file(entry.handle).pending.push(Write::Cut(*size)),
            What::Synced => match self.open[&entry.handle] {
                (Node::File(file), _) => self.files[file].synced(),
                (Node::Folder, path) => self.folder_synced(path),
            },
            What::SyncFailed => match self.open[&entry.handle] {
                (Node::File(file), _) => self.files[file].sync_failed(),
                (Node::Folder, _) => {}
            },
            What::Removed(path) => self.name(path, vec![(path.clone(), None)]),
            What::Renamed(from, to) => {
                let changes = vec![(from.clone(), None), (to.clone(), Some(self.node(from)))];
                self.name(to, changes);
            }
            What::Linked(from, to) => {
                let changes = vec![(to.clone(), Some(self.node(from)))];
                self.name(to, changes);
            }
            What::Folder(path) => self.name(path, vec![(path.clone(), Some(Node::Folder))]),
        }
    }

    fn node(&self, path: &str) -> Node {
        match self.names.get(path) {
            Some(node) => *node,
            None if path.is_empty() => Node::Folder,
            None => panic!("{path} was never made"),
        }
    }

    fn file(&mut self, handle: Handle) -> &mut Content<'a> {
        match self.open[&handle] {
            (Node::File(file), _) => &mut self.files[file],
            (Node::Folder, path) => panic!("{path} is a folder"),
        }
    }

    fn name(&mut self, path: &str, changes: Vec<(String, Option<Node>)>) {
        named(&mut self.names, &changes);
        self.pending.push(Naming {
            folder: folder_of(path).to_owned(),
            changes,
        });
    }

    fn folder_synced(&mut self, path: &str) {
        let durable = &mut self.durable;
        self.pending.retain(|naming| {
            let here = naming.folder == path;
            if here {
                named(durable, &naming.changes);
            }
            !here
        });
    }

    pub fn after_a_cut(&self, survives: Survives, chance: &mut Chance) -> Image {
        let garbage = chance.coin();
        let mut names = self.durable.clone();
        let torn = chance.below(self.pending.len());
        for (index, naming) in self.pending.iter().enumerate() {
            if survives.keeps(index, torn, chance) {
                named(&mut names, &naming.changes);
            }
        }
        // In the order of their paths: a folder comes before what is in it.
        let mut found: Image = Vec::new();
        let mut folders = BTreeSet::from([""]);
        for (path, node) in &names {
            if !folders.contains(folder_of(path)) {
                continue;
            }
            let bytes = match node {
                Node::Folder => None,
                Node::File(file) => Some(self.files[*file].after_a_cut(survives, garbage, chance)),
            };
            if bytes.is_none() {
                folders.insert(path);
            }
            found.push((path.clone(), bytes));
        }
        found
    }
}

fn named(names: &mut BTreeMap<String, Node>, changes: &[(String, Option<Node>)]) {
    for (path, node) in changes {
        match node {
            Some(node) => names.insert(path.clone(), *node),
            None => names.remove(path),
        };
    }
}

/// Puts what was found into a folder.
pub fn put_into(folder: &Path, image: &Image) {
    for (path, bytes) in image {
        let path = folder.join(path.trim_start_matches('/'));
        match bytes {
            None => std::fs::create_dir(path).expect("a folder"),
            Some(bytes) => {
                std::fs::write(&path, bytes).expect("a file");
                // As the server makes them all.
                let private = std::fs::Permissions::from_mode(0o600);
                std::fs::set_permissions(path, private).expect("its mode");
            }
        }
    }
}
