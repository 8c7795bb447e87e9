//! Power cuts: each is made in the journal, and the store that remains is checked.

use std::sync::Mutex;
use std::sync::mpsc::sync_channel;

use proptest::prelude::RngExt as _;
use proptest::test_runner::TestRng;

use super::image::{Disk, Image, Unsynced};
use super::journal::Entry;
use super::recovery::{Expected, check};
use super::workload::CallRecord;

/// The journal entry after which the power is cut, and the part that survives of what was not synced.
pub type Cut = (usize, Unsynced);

/// One recovered store in this many is written to.
const WRITES_ONE_IN: u32 = 4;
/// Threads that check recovered stores.
const THREADS: usize = 2;

struct Recovered<'a> {
    cut: Cut,
    image: Image,
    expected: Expected<'a>,
    writes: bool,
}

/// Makes each cut and checks the store that remains. Returns the failures.
pub fn check_cuts(
    journal: &[Entry],
    calls: &CallRecord,
    cuts: impl IntoIterator<Item = Cut>,
    rng: &mut TestRng,
) -> Vec<String> {
    let mut cuts: Vec<Cut> = cuts.into_iter().collect();
    cuts.sort_by_key(|(entry, _)| *entry);
    let failures = Mutex::new(Vec::new());
    let (sender, receiver) = sync_channel::<Recovered>(THREADS);
    let receiver = Mutex::new(receiver);
    std::thread::scope(|scope| {
        let sender = sender;
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let next = receiver.lock().expect("a lock").recv();
                    let Ok(store) = next else { break };
                    let outcome = check(&store.image, &store.expected, store.writes);
                    if let Err(error) = outcome {
                        let failure = format!("cut {:?} of {}: {error}", store.cut, journal.len());
                        failures.lock().expect("a lock").push(failure);
                    }
                }
            });
        }
        let mut disk = Disk::default();
        let mut applied = 0;
        for cut in cuts {
            for entry in &journal[applied..=cut.0] {
                disk.apply(entry);
            }
            applied = cut.0 + 1;
            let recovered = Recovered {
                cut,
                image: disk.after_cut(cut.1, rng),
                expected: Expected::at(calls, journal[cut.0].end),
                writes: rng.random_ratio(1, WRITES_ONE_IN),
            };
            sender.send(recovered).expect("a thread that checks");
        }
        drop(sender);
    });
    failures.into_inner().expect("a lock")
}
