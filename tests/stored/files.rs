//! Golden files: folders of stored bytes, each with a list of its digests, and the texts expected of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use second_opinion::case::Digest;

/// The list of a folder's files with their digests, in the form of `sha256sum`.
pub const SUMS: &str = "SHA256SUMS";
/// The variable that makes [`compare`] replace the expected texts.
const UPDATE: &str = "UPDATE_GOLDEN";

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Where stored files are kept.
pub fn stored() -> PathBuf {
    golden().join("stored")
}

/// Where a text expected of a stored file is kept.
pub fn expected(name: &str) -> PathBuf {
    golden().join("expected").join(name)
}

/// A folder of stored files, every one of them checked against its digest.
pub struct Folder {
    /// The folder's path below `stored/`, such as `events/1`.
    pub name: String,
    path: PathBuf,
    digests: BTreeMap<String, Digest>,
}

impl Folder {
    /// Every folder of a kind (`events`, `letters`, `stores`), in the order of their names; at least one.
    pub fn all(kind: &str) -> Vec<Self> {
        let folders: Vec<Self> = names_in(&stored().join(kind))
            .into_iter()
            .map(|name| Self::open(&format!("{kind}/{name}")))
            .collect();
        assert!(!folders.is_empty(), "no folder under {kind}");
        folders
    }

    fn open(name: &str) -> Self {
        let path = stored().join(name);
        let sums = fs::read_to_string(path.join(SUMS));
        let sums = sums.unwrap_or_else(|error| panic!("{name}/{SUMS}: {error}"));
        let digests: BTreeMap<String, Digest> = sums
            .lines()
            .map(|line| {
                let (digest, file) = line.split_once("  ").expect("a digest and a name");
                (file.to_owned(), digest.parse().expect("a digest"))
            })
            .collect();
        let folder = Self {
            name: name.to_owned(),
            path,
            digests,
        };
        let present = files_in(&folder.path);
        let listed: Vec<&String> = folder.digests.keys().collect();
        assert_eq!(
            present.iter().collect::<Vec<_>>(),
            listed,
            "{name}: the files present, and those that {SUMS} lists"
        );
        for (file, digest) in &folder.digests {
            let found = Digest::of(&folder.read(file));
            assert!(
                found == *digest,
                "{name}/{file} was changed: its digest is {found}"
            );
        }
        folder
    }

    /// The number that the folder is named by: the schema of what it holds.
    pub fn schema(&self) -> u32 {
        let (_, number) = self.name.rsplit_once('/').expect("a kind and a schema");
        number.parse().expect("the schema's number")
    }

    /// The names of its files with their digests, in order.
    pub fn files(&self) -> impl Iterator<Item = (&str, Digest)> {
        self.digests.iter().map(|(name, digest)| (&**name, *digest))
    }

    /// The path of a file.
    pub fn path(&self, file: &str) -> PathBuf {
        self.path.join(file)
    }

    /// The bytes of a file.
    pub fn read(&self, file: &str) -> Vec<u8> {
        fs::read(self.path(file)).unwrap_or_else(|error| panic!("{}/{file}: {error}", self.name))
    }
}

/// Writes the list of a folder's digests. Lines that exist must stay: a stored file never changes.
pub fn write_sums(folder: &Path) {
    let path = folder.join(SUMS);
    let held = fs::read_to_string(&path).unwrap_or_default();
    let mut sums = String::new();
    for file in files_in(folder) {
        let digest = Digest::of(&fs::read(folder.join(&file)).expect("a file"));
        writeln!(sums, "{digest}  {file}").expect("a string takes any text");
    }
    for line in held.lines() {
        assert!(
            sums.contains(&format!("{line}\n")),
            "{}: {line}",
            path.display()
        );
    }
    fs::write(path, sums).expect("a list");
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name())
        .map(|name| name.into_string().expect("a name in UTF-8"))
        .collect();
    names.sort();
    names
}

/// The files below a folder by their paths from it, but for the list of their digests.
fn files_in(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for name in names_in(folder) {
        let path = folder.join(&name);
        if path.is_dir() {
            let below = files_in(&path);
            found.extend(below.into_iter().map(|file| format!("{name}/{file}")));
        } else if name != SUMS {
            found.push(name);
        }
    }
    found.sort();
    found
}

/// Compares the result that this build gives with the expected text. `UPDATE_GOLDEN` replaces the expected text.
pub fn compare(name: &str, present: &str) {
    let path = expected(name);
    if std::env::var_os(UPDATE).is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, present).expect("a file");
    }
    let held = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    if held == present {
        return;
    }
    let differs = held
        .lines()
        .zip(present.lines())
        .zip(1..)
        .find(|((held, present), _)| held != present);
    match differs {
        Some(((held, present), line)) => {
            panic!("{name}:{line}: expected\n  {held}\nand this build gives\n  {present}")
        }
        None => panic!("{name}: the two texts have different ends; this build gives\n{present}"),
    }
}
