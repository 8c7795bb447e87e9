//! Does the store stand a power cut at any write?

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::bad::BadDisk;
use super::cut::{Cut, cut_and_prove};
use super::image::{Chance, Survives};
use super::journal::{self, Entry, What};
use super::work::{Caller, Told};
use crate::fleet::size;
use crate::program::Server;

/// As many cuts as every run makes where the journal is short, and where the write-ahead log is long.
const CUTS: usize = 400;
const LONG_CUTS: usize = 8;

/// What a test did to a disk, and what callers were told meanwhile.
pub struct Run {
    pub disk: Arc<BadDisk>,
    pub told: Arc<Mutex<Told>>,
}

impl Run {
    pub fn new() -> Self {
        Self {
            disk: Arc::new(BadDisk::with_journal()),
            told: Arc::default(),
        }
    }

    pub async fn caller(&self, server: &Server) -> Caller {
        Caller {
            client: server.client(&self.disk.data()).await,
            disk: Arc::clone(&self.disk),
            told: Arc::clone(&self.told),
        }
    }

    /// Callers at once, each with cases of its own.
    pub async fn callers(&self, server: &Server, callers: usize, cases: usize, long: bool) {
        let mut calling = Vec::new();
        for _ in 0..callers {
            let mut caller = self.caller(server).await;
            calling.push(tokio::spawn(async move {
                for n in 0..cases {
                    let done = if long {
                        caller.long_case().await.map(drop)
                    } else {
                        caller.case(n).await
                    };
                    done.expect("a disk that works");
                }
            }));
        }
        for one in calling {
            one.await.expect("a caller");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_at_any_write_loses_nothing_that_was_acknowledged() {
    let run = Run::new();
    // From an empty disk, one caller; and on what was closed well, several.
    let server = run.disk.serve();
    let mut caller = run.caller(&server).await;
    for n in 0..8 {
        caller.case(n).await.expect("a disk that works");
    }
    assert_eq!(server.terminate(), Some(0));
    let server = run.disk.serve();
    run.callers(&server, 6, 4, false).await;
    let short = run.disk.now();
    // Until the write-ahead log has been carried over and begun anew.
    run.callers(&server, 4, 9, true).await;
    assert_eq!(server.terminate(), Some(0));

    let journal = journal::read(&run.disk.journal());
    let short = journal.partition_point(|entry| entry.end <= short);
    let told = run.told.lock().expect("a lock");
    let seed = size("FIRST_SEED", 0) as u64;
    let mut chance = Chance(seed);
    let mut cuts = behind_each_answer(&journal, &told, short);
    cuts.extend(anywhere(0..short, size("CUTS", CUTS), &mut chance));
    cuts.extend(anywhere(
        short..journal.len(),
        size("LONG_CUTS", LONG_CUTS),
        &mut chance,
    ));
    report(&journal, &told, &cuts, seed, &mut chance);
}

/// Behind each answer, with nothing there that was not synced: no later cut asks more.
fn behind_each_answer(journal: &[Entry], told: &Told, upto: usize) -> Vec<Cut> {
    let ends = told.acknowledged.iter().map(|told| told.at);
    let last = ends.map(|at| journal.partition_point(|entry| entry.end <= at));
    last.filter(|past| *past < upto)
        .map(|past| (past - 1, Survives::Nothing))
        .collect()
}

/// Anywhere in a part of the journal.
pub fn anywhere(range: Range<usize>, count: usize, chance: &mut Chance) -> Vec<Cut> {
    let one = |_| {
        let entry = range.start + chance.below(range.len());
        (entry, Survives::ALL[chance.below(Survives::ALL.len())])
    };
    (0..count).map(one).collect()
}

/// Makes the cuts, and fails where one finds something wrong.
pub fn report(journal: &[Entry], told: &Told, cuts: &[Cut], seed: u64, chance: &mut Chance) {
    let begun = Instant::now();
    let wrong = cut_and_prove(journal, told, cuts.iter().copied(), chance);
    let syncs = journal
        .iter()
        .filter(|entry| matches!(entry.what, What::Synced))
        .count();
    println!(
        "seed {seed}: {} cuts among {} changes of the disk with {syncs} syncs, {} answers: {} found something wrong, {:?}",
        cuts.len(),
        journal.len(),
        told.acknowledged.len(),
        wrong.len(),
        begun.elapsed()
    );
    let shown = &wrong[..wrong.len().min(8)];
    assert!(
        wrong.is_empty(),
        "{} of {} cuts: {shown:#?}",
        wrong.len(),
        cuts.len()
    );
}
