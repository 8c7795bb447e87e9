//! Does a store keep the port's promises? One suite of functions over `impl Store`; each store runs all of it.

mod commits;
mod damage;
mod drivers;
mod letters;
mod log;
mod open_cases;
mod postgres;
mod postgres_groups;
mod postgres_schema;
mod proof;
mod sqlite;
mod sweep;
mod sweeper;
mod worklist;

#[path = "../support/mod.rs"]
mod support;

/// Every test of the suite, run against one driver's store, each on a fresh one. The attributes are those of each test.
macro_rules! suite {
    ($driver:ident $attributes:tt) => {
        suite! { $driver $attributes
            commits::a_commit_is_read_back
            commits::a_history_is_in_order
            commits::a_stale_version_conflicts
            commits::an_event_that_names_another_one_before_it_conflicts
            commits::a_new_case_conflicts_with_one_that_exists
            commits::only_a_caller_s_change_moves_the_etag
            commits::a_snapshot_of_another_version_is_folded_from_the_events
            commits::a_repeated_request_gets_its_first_answer_even_under_a_stale_version
            commits::a_repeated_request_with_other_content_gets_the_recorded_content
            commits::the_same_request_id_of_two_callers_is_two_requests
            commits::one_request_sent_fifty_times_at_once_is_made_once
            commits::one_version_raced_for_is_won_once
            commits::a_refused_commit_leaves_nothing_behind
            letters::a_letter_is_kept_with_its_decision
            letters::an_unknown_letter_is_none
            letters::the_first_rendering_is_given_out_ever_after
            letters::one_rendering_made_twenty_times_at_once_is_kept_once
            letters::rendering_of_an_unknown_letter_is_refused_beside_a_commit
            log::positions_are_without_gaps_under_many_writers
            log::every_page_of_the_log_continues_the_one_before
            log::an_entry_says_where_the_case_stood
            log::time_never_runs_backwards
            log::the_head_is_the_digest_over_all_events
            log::the_head_s_changes_wake
            worklist::pages_and_filters_agree_with_a_model
            worklist::an_empty_store_has_an_empty_worklist
            worklist::a_page_of_none_is_the_last
            sweep::what_is_to_be_swept_comes_longest_due_first
            sweep::a_commit_says_when_the_case_is_looked_at_next
            sweeper::each_thing_is_told_once_by_however_many_sweepers
            sweeper::a_case_that_is_owed_nothing_yet_is_set_aside_and_keeps_no_one_waiting
            sweeper::what_was_set_aside_is_told_in_time_once_someone_changes_it
            sweeper::a_case_whose_letter_cannot_be_made_stays_owed_and_the_others_are_told
            sweeper::a_store_that_is_closed_ends_the_round
            open_cases::open_cases_are_those_of_the_cases_at_any_instant
            open_cases::empty_store_has_no_open_cases
            open_cases::overdue_case_that_is_decided_stays_open_for_its_notice
            proof::a_log_that_was_only_written_to_is_clean
            proof::an_empty_log_is_clean
            commits::a_closed_store_says_so
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

// A store is one line.
mod on_sqlite {
    suite! { Sqlite [] }
}
mod on_postgres {
    suite! { Postgres [#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]] }
}
