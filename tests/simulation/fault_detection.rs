//! Tests that one of the first seeds finds each injected fault.

use crate::fault_injection::{InjectedFault, PolicyFault, StoreFault};
use crate::model::DatabaseFault;
use crate::runner::run_with_fault;

/// Seeds within which a fault has to be found. `seeds::every_seed_keeps_the_invariants` runs the same ones without a fault.
const SEEDS: u64 = 500;

fn assert_found(fault: InjectedFault) {
    let found = (0..SEEDS).find_map(|seed| Some((seed, run_with_fault(seed, fault).err()?)));
    let (seed, message) = found.unwrap_or_else(|| panic!("not found within {SEEDS} seeds"));
    println!("{fault:?}: found by seed {seed}: {message}");
}

macro_rules! faults_are_found {
    ($($test:ident: $fault:expr;)+) => {
        $(#[test]
        fn $test() {
            assert_found($fault);
        })+
    };
}

faults_are_found! {
    forgotten_letters_are_found: InjectedFault::Store(StoreFault::LettersForgotten);
    forgotten_request_ids_are_found: InjectedFault::Store(StoreFault::RequestIdsForgotten);
    later_edition_is_found: InjectedFault::Store(StoreFault::LaterEdition);
    denial_by_service_is_found: InjectedFault::Store(StoreFault::DenialByService);
    publication_before_commit_is_found: InjectedFault::Database(DatabaseFault::PublishedBeforeCommit);
    positions_by_sequence_are_found: InjectedFault::Database(DatabaseFault::PositionsBySequence);
    late_sync_is_found: InjectedFault::Database(DatabaseFault::LateSync);
    unchecked_version_is_found: InjectedFault::Database(DatabaseFault::VersionUnchecked);
    extra_holiday_is_found: InjectedFault::Policy(PolicyFault::ExtraHoliday);
    days_in_utc_are_found: InjectedFault::Policy(PolicyFault::DaysInUtc);
    late_sweeper_clock_is_found: InjectedFault::LateSweeperClock;
}
