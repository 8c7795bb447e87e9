//! Do the fuzzer's targets hold on their corpora, and on what small changes make of these?
//!
//! The fuzzer itself is `scripts/fuzz`. This runs the very same functions without it: over each file of
//! `fuzz/corpus/`, and over as many changed files that follow from a seed.

#[path = "../../fuzz/src/lib.rs"]
#[allow(
    dead_code,
    unused_imports,
    reason = "letters as PDF are the fuzzer's alone"
)]
mod targets;

mod change;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use change::Changes;

/// What is checked in of a corpus stays small.
const FILES_MAX: usize = 60;
const BYTES_MAX: usize = 300 * 1024;
/// As many changed inputs for each target, in place of the number that stands beside it below.
const VARIABLE: &str = "SECOND_OPINION_TEST_FUZZ_INPUTS";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of a target's corpus, in the order of their names.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = root().join("fuzz/corpus").join(name);
    let entries =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    let files = paths.iter().map(|path| fs::read(path).expect("a file"));
    files.collect()
}

fn replay(name: &str, inputs: usize) {
    let found = targets::TARGETS.iter().find(|target| target.0 == name);
    let (_, target) = found.expect("a target");
    let files = corpus(name);
    let many = std::env::var(VARIABLE).map_or(inputs, |text| text.parse().expect("a number"));
    let mut changes = Changes::of(name);
    let made = (0..many).map(|_| changes.next(&files));
    for input in files.iter().cloned().chain(made) {
        if catch_unwind(AssertUnwindSafe(|| target(&input))).is_err() {
            let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{name}"));
            fs::write(&kept, &input).expect("a file that can be written");
            panic!("`{name}` does not hold on the bytes in {}", kept.display());
        }
    }
}

macro_rules! replayed {
    ($($name:ident: $changed:literal),+ $(,)?) => {
        $(#[test]
        fn $name() {
            replay(stringify!($name), $changed);
        })+

        const REPLAYED: &[&str] = &[$(stringify!($name)),+];
    };
}

// A whole case with its letters takes a hundred times as long as a request.
replayed!(
    requests: 2_000,
    messages: 2_000,
    cases: 100,
    events: 1_000,
    letters: 200,
    clocks: 2_000,
    places: 2_000,
    tokens: 2_000,
    configuration: 2_000,
    evaluate: 2_000,
);

#[test]
fn every_target_is_replayed_and_has_a_small_corpus() {
    let names: Vec<&str> = targets::TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, REPLAYED);
    let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).expect("a manifest");
    for name in names {
        let file = format!("fuzz_targets/{name}.rs");
        assert!(root().join("fuzz").join(&file).is_file(), "{file}");
        assert!(manifest.contains(&format!("path = \"{file}\"")), "{file}");
        let files = corpus(name);
        let bytes: usize = files.iter().map(Vec::len).sum();
        assert!(
            (1..=FILES_MAX).contains(&files.len()),
            "{name}: {} files",
            files.len()
        );
        assert!(bytes <= BYTES_MAX, "{name}: {bytes} bytes");
    }
}
