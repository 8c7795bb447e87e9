//! Worklists: every case that matches, once, in order.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use second_opinion::case::State;
use second_opinion::rules::Urgency;
use second_opinion::store::{CaseColumns, OpenCaseColumns, Place, Store, Worklist};
use uuid::Uuid;

use crate::support::change::{Change, made};
use crate::support::sample;

const STATES: [State; 5] = [
    State::NoAuthorizationRequired,
    State::PendingReview,
    State::Approved,
    State::Denied,
    State::Withdrawn,
];

/// Pseudorandom numbers, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % bound
    }

    fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    /// One of ten instants, so that many cases share theirs.
    fn instant(&mut self) -> DateTime<Utc> {
        sample::start() + Duration::hours(i64::try_from(self.below(10)).expect("small"))
    }
}

/// A case as the model holds it.
#[derive(Clone)]
struct Held {
    id: Uuid,
    opened_at: u64,
    columns: CaseColumns,
}

impl Held {
    fn place(&self) -> Place {
        Place {
            first_due_us: self
                .columns
                .first_due
                .map_or(i64::MAX, |due| due.timestamp_micros()),
            opened_at: self.opened_at,
        }
    }

    fn is_asked_for(&self, query: &Worklist) -> bool {
        let columns = &self.columns;
        let number = |asked: &Option<String>, held: &String| {
            asked.as_ref().is_none_or(|asked| asked == held)
        };
        (query.states.is_empty() || query.states.contains(&columns.state))
            && query
                .due_before
                .is_none_or(|before| columns.due_at.is_some_and(|due| due < before))
            && query
                .member_id
                .as_ref()
                .is_none_or(|member| *member == columns.member_id)
            && number(&query.referral_number, &columns.referral_number)
            && number(
                &query.treatment_authorization_number,
                &columns.treatment_authorization_number,
            )
            && query.after.is_none_or(|after| self.place() > after)
    }
}

/// Possible columns of a case: a running clock is due no earlier than the first of all.
fn columns(dice: &mut Dice, before: Option<&CaseColumns>) -> CaseColumns {
    let first_due = (!dice.one_in(4)).then(|| dice.instant());
    let due_at = first_due
        .filter(|_| !dice.one_in(3))
        .map(|due| due.max(dice.instant()));
    let number = |dice: &mut Dice, name| {
        if dice.one_in(2) {
            String::new()
        } else {
            format!("{name}-{}", dice.below(4))
        }
    };
    let columns = CaseColumns {
        state: STATES[dice.below(5)],
        urgency: Urgency::Routine,
        first_due,
        due_at,
        sweep_at: None,
        open: OpenCaseColumns::default(),
        member_id: sample::cin(u32::try_from(dice.below(5)).expect("small")),
        referral_number: number(dice, "RAF"),
        treatment_authorization_number: number(dice, "TAR"),
    };
    match before {
        None => columns,
        Some(before) => CaseColumns {
            state: columns.state,
            first_due,
            due_at,
            ..before.clone()
        },
    }
}

fn query(dice: &mut Dice) -> Worklist {
    Worklist {
        states: STATES.into_iter().filter(|_| dice.one_in(3)).collect(),
        due_before: dice.one_in(3).then(|| dice.instant()),
        member_id: dice
            .one_in(4)
            .then(|| sample::cin(u32::try_from(dice.below(6)).expect("small"))),
        referral_number: dice.one_in(4).then(|| format!("RAF-{}", dice.below(5))),
        treatment_authorization_number: dice.one_in(4).then(|| format!("TAR-{}", dice.below(5))),
        after: None,
        limit: 1 + dice.below(12),
    }
}

pub async fn pages_and_filters_match_a_model<S: Store>(store: Arc<S>) {
    let mut dice = Dice(0x005e_ed0f_0b1d);
    let mut held: Vec<Held> = Vec::new();
    for n in 0..150 {
        let change = Change::new_case(sample::start());
        let mut commit = change.submit(sample::request(n, sample::start()));
        commit.columns = columns(&mut dice, None);
        let kept = commit.columns.clone();
        let committed = made(&*store, commit).await;
        held.push(Held {
            id: change.id,
            opened_at: committed.position,
            columns: kept,
        });
    }
    for _ in 0..60 {
        let one = dice.below(held.len());
        let case = store.case(held[one].id).await.expect("read");
        let case = case.expect("a case");
        let mut commit = Change::of(&case, sample::later(1)).verify();
        commit.columns = columns(&mut dice, Some(&held[one].columns));
        held[one].columns = commit.columns.clone();
        made(&*store, commit).await;
    }
    held.sort_by_key(Held::place);
    for _ in 0..400 {
        let mut query = query(&mut dice);
        let expected: Vec<Uuid> = held
            .iter()
            .filter(|case| case.is_asked_for(&query))
            .map(|case| case.id)
            .collect();
        let mut found = Vec::new();
        loop {
            let page = store.list(&query).await.expect("read");
            assert!(page.cases.len() <= query.limit, "{query:?}");
            assert!(page.next.is_none() || page.cases.len() == query.limit);
            found.extend(page.cases.iter().map(|case| case.id));
            let Some(next) = page.next else { break };
            query.after = Some(next);
        }
        assert_eq!(found, expected, "{query:?}");
        // From a place without a case too.
        query.after = Some(Place {
            first_due_us: dice.instant().timestamp_micros(),
            opened_at: u64::try_from(dice.below(200)).expect("small"),
        });
        let first = held.iter().find(|case| case.is_asked_for(&query));
        let page = store.list(&query).await.expect("read");
        let shown = page.cases.first().map(|case| case.id);
        assert_eq!(shown, first.map(|case| case.id), "{query:?}");
    }
    let case = store
        .list(&Worklist {
            limit: 1,
            ..Worklist::default()
        })
        .await
        .expect("read");
    let case = &case.cases[0];
    assert_eq!(
        store.case(case.id).await.expect("read").as_deref(),
        Some(case)
    );
}

pub async fn empty_store_has_an_empty_worklist<S: Store>(store: Arc<S>) {
    let page = store
        .list(&Worklist {
            limit: 10,
            ..Worklist::default()
        })
        .await;
    let page = page.expect("read");
    assert!(page.cases.is_empty() && page.next.is_none());
}

pub async fn page_of_zero_cases_is_the_last<S: Store>(store: Arc<S>) {
    made(
        &*store,
        Change::new_case(sample::start()).submit(sample::request(1, sample::start())),
    )
    .await;
    let page = store.list(&Worklist::default()).await.expect("read");
    assert!(page.cases.is_empty() && page.next.is_none());
    let all = Worklist {
        limit: usize::MAX,
        ..Worklist::default()
    };
    assert_eq!(store.list(&all).await.expect("read").cases.len(), 1);
}
