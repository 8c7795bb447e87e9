//! The store suite: the promises of the port, as functions over `impl Store` that each store runs.

mod commits;
mod damage;
mod drivers;
mod letters;
mod log;
mod open_cases;
mod postgres;
mod postgres_groups;
mod postgres_schema;
mod sqlite;
mod sweep;
mod sweeper;
mod verification;
mod worklist;

#[path = "../support/mod.rs"]
mod support;

/// Every test of the suite, run against one driver's store, each on a fresh one. The attributes are those of each test.
macro_rules! suite {
    ($driver:ident $attributes:tt) => {
        suite! { $driver $attributes
            commits::commit_is_read_back
            commits::history_is_in_order
            commits::stale_version_conflicts
            commits::event_with_another_previous_digest_conflicts
            commits::new_case_conflicts_with_an_existing_one
            commits::only_a_callers_change_moves_the_etag
            commits::unknown_snapshot_is_folded_from_the_events
            commits::repeated_request_is_replayed_even_under_a_stale_version
            commits::repeated_request_with_other_content_gets_the_recorded_digest
            commits::request_id_of_two_callers_is_two_requests
            commits::concurrent_repeats_of_a_request_commit_once
            commits::concurrent_changes_of_a_version_commit_once
            commits::refused_commit_changes_nothing
            letters::letter_is_stored_with_its_decision
            letters::unknown_letter_is_none
            letters::first_rendering_is_returned_from_then_on
            letters::concurrent_renderings_of_a_letter_are_stored_once
            letters::refused_rendering_does_not_fail_a_commit
            log::positions_have_no_gaps_under_many_writers
            log::pages_of_the_log_are_contiguous
            log::log_entry_has_the_case_after_the_event
            log::log_time_never_runs_backwards
            log::head_is_the_digest_over_all_events
            log::head_changes_wake_receivers
            worklist::pages_and_filters_match_a_model
            worklist::empty_store_has_an_empty_worklist
            worklist::page_of_zero_cases_is_the_last
            sweep::cases_to_sweep_are_ordered_longest_due_first
            sweep::commit_sets_the_next_sweep
            sweeper::concurrent_sweepers_record_each_event_once
            sweeper::case_without_a_due_event_is_deferred_and_delays_no_other
            sweeper::deferred_case_is_swept_in_time_after_a_change
            sweeper::case_whose_letter_fails_stays_due_and_delays_no_other
            sweeper::closed_store_ends_the_sweep
            open_cases::open_cases_match_the_cases_at_any_instant
            open_cases::empty_store_has_no_open_cases
            open_cases::overdue_case_that_is_decided_stays_open_for_its_notice
            verification::undamaged_log_is_clean
            verification::empty_log_is_clean
            commits::closed_store_is_unavailable
        }
    };
    ($driver:ident $attributes:tt $($module:ident :: $test:ident)*) => {
        $(suite! { @ $driver $attributes $module :: $test })*
    };
    (@ $driver:ident [$($attribute:tt)*] $module:ident :: $test:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        $($attribute)*
        async fn $test() {
            let fresh = <crate::drivers::$driver as crate::drivers::Driver>::fresh().await;
            crate::$module::$test(crate::drivers::Driver::store(&fresh)).await;
        }
    };
}

// One line a store.
mod on_sqlite {
    suite! { Sqlite [] }
}
mod on_postgres {
    suite! { Postgres [#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]] }
}
