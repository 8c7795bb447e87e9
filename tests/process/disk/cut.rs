//! Where is the power cut, and what is found there?

use std::sync::Mutex;
use std::sync::mpsc::sync_channel;

use super::image::{Chance, Disk, Image, Survives};
use super::journal::Entry;
use super::proof::{Expected, prove};
use super::work::Told;

/// Behind which entry of the journal, and what is there of what was not synced.
pub type Cut = (usize, Survives);

/// One in so many of the stores that are found is written to.
const WRITES_ONE_IN: usize = 4;
/// As many threads as prove what is found.
const THREADS: usize = 2;

struct Found<'a> {
    cut: Cut,
    image: Image,
    expected: Expected<'a>,
    writes: bool,
}

/// Makes each cut, proves what is found, and gives what is wrong with it.
pub fn cut_and_prove(
    journal: &[Entry],
    told: &Told,
    cuts: impl IntoIterator<Item = Cut>,
    chance: &mut Chance,
) -> Vec<String> {
    let mut cuts: Vec<Cut> = cuts.into_iter().collect();
    cuts.sort_by_key(|(entry, _)| *entry);
    let wrong = Mutex::new(Vec::new());
    let (found, proved) = sync_channel::<Found>(THREADS);
    let proved = Mutex::new(proved);
    std::thread::scope(|scope| {
        let found = found;
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let next = proved.lock().expect("a lock").recv();
                    let Ok(found) = next else { break };
                    let outcome = prove(&found.image, &found.expected, found.writes);
                    if let Err(why) = outcome {
                        let what = format!("cut {:?} of {}: {why}", found.cut, journal.len());
                        wrong.lock().expect("a lock").push(what);
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
            let next = Found {
                cut,
                image: disk.after_a_cut(cut.1, chance),
                expected: Expected::at(told, journal[cut.0].end),
                writes: chance.below(WRITES_ONE_IN) == 0,
            };
            found.send(next).expect("someone proves");
        }
        drop(found);
    });
    wrong.into_inner().expect("a lock")
}
