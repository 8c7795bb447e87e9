//! Runs the fuzz targets on their corpora and on small mutations of them.
//!
//! `scripts/fuzz` runs the fuzzer. This test calls the same functions without it, with each file of `fuzz/corpus/` and with
//! mutated files from a fixed seed.

#[path = "../../fuzz/src/lib.rs"]
#[allow(
    dead_code,
    unused_imports,
    reason = "only the fuzzer renders letters as PDF"
)]
mod targets;

mod change;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use change::Changes;

/// Maximum size of a corpus in the repository.
const FILES_MAX: usize = 60;
const BYTES_MAX: usize = 300 * 1024;
/// The environment variable for the number of mutated inputs per target, which replaces the numbers below.
const INPUTS_VARIABLE: &str = "SECOND_OPINION_TEST_FUZZ_INPUTS";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of a target's corpus, ordered by name.
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
    let target = targets::TARGETS.iter().find(|target| target.0 == name);
    let (_, target) = target.expect("a target");
    let files = corpus(name);
    let count =
        std::env::var(INPUTS_VARIABLE).map_or(inputs, |text| text.parse().expect("a number"));
    let mut changes = Changes::of(name);
    let mutated = (0..count).map(|_| changes.next(&files));
    for input in files.iter().cloned().chain(mutated) {
        if catch_unwind(AssertUnwindSafe(|| target(&input))).is_err() {
            let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{name}"));
            fs::write(&path, &input).expect("a file");
            panic!("`{name}` fails on the bytes in {}", path.display());
        }
    }
}

macro_rules! replay_tests {
    ($($name:ident: $inputs:literal),+ $(,)?) => {
        $(#[test]
        fn $name() {
            replay(stringify!($name), $inputs);
        })+

        const REPLAYED: &[&str] = &[$(stringify!($name)),+];
    };
}

// A whole case with its letters takes a hundred times as long as a request.
replay_tests!(
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
