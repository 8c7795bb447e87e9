//! Worklist queries: what both databases have in common.
//!
//! A worklist by state merges one keyset scan for each state and each half of the index: cases with a clock that runs,
//! and those without. A worklist of a member, or of a RAF or TAR number, sorts the few cases that it finds.

use super::codes::{
    NO_CLOCK_US, STATES, instant_column, limit_column, position_column, state_code,
};
use super::{Place, Worklist};
use second_opinion_rules::case::{Case, State};

use super::Page;

/// The bounds of a query in the form of columns.
pub(super) struct Bounds {
    /// Places behind this one: its due instant and its position.
    pub after_due: i64,
    pub after_opened: i64,
    /// With a running clock due before; `None`: whether a clock runs or not.
    pub due_before: Option<i64>,
    /// The last instant of the order in which such a case can stand: a clock that runs is due no earlier than the first
    /// of all clocks.
    pub last_due: i64,
    /// One more than a page takes: it shows whether there is another page.
    pub limit: i64,
}

impl Bounds {
    pub fn of(query: &Worklist) -> Self {
        let (after_due, after_opened) = query.after.map_or((i64::MIN, 0), |place| {
            (place.first_due_us, position_column(place.opened_at))
        });
        let due_before = query.due_before.map(instant_column);
        Self {
            after_due,
            after_opened,
            due_before,
            last_due: due_before.unwrap_or(NO_CLOCK_US),
            limit: limit_column(query.limit.saturating_add(1)),
        }
    }
}

/// The states and halves of the index that a query scans. The half is 1 where no clock runs.
pub(super) fn scans(query: &Worklist) -> impl Iterator<Item = (i16, i16)> {
    // Only a clock that runs is due before an instant.
    let halves: &[i16] = match query.due_before {
        Some(_) => &[0],
        None => &[0, 1],
    };
    states(query).flat_map(move |state| halves.iter().map(move |half| (state_code(state), *half)))
}

/// The first places of several scans, in order.
pub(super) fn merge(query: &Worklist, mut places: Vec<Place>) -> Vec<Place> {
    places.sort_unstable();
    places.truncate(query.limit.saturating_add(1));
    places
}

/// Takes the place that a page has no room for, and says whether there was one.
pub(super) fn cut(query: &Worklist, places: &mut Vec<Place>) -> bool {
    let more = places.len() > query.limit;
    places.truncate(query.limit);
    more
}

/// The page of the cases at some places.
pub(super) fn page(cases: Vec<Case>, places: &[Place], more: bool) -> Page {
    Page {
        cases,
        next: places.last().copied().filter(|_| more),
    }
}

/// The query of few cases. The way in stands at its end, with the condition of its partial index, or that would not be
/// used; what else is asked for is compared on the row.
macro_rules! few_by {
    ($way_in:literal) => {
        concat!(
            "SELECT first_due_us, opened_at FROM cases
            WHERE (member_id = $1 OR $1 IS NULL) AND (referral_number = $2 OR $2 IS NULL)
                AND (treatment_authorization_number = $3 OR $3 IS NULL)
                AND (CAST($4 AS bigint) >> CAST(state AS integer)) & 1 = 1 AND (due_at_us < $5 OR $5 IS NULL)
                AND (first_due_us, opened_at) > ($6, $7) AND ",
            $way_in,
            " ORDER BY first_due_us, opened_at LIMIT $8"
        )
    };
}

/// One query a way in, so that each uses its own index: a TAR number, a RAF number, a member.
pub(super) const FEW_SQL: [&str; 3] = [
    few_by!("treatment_authorization_number = $3 AND treatment_authorization_number <> ''"),
    few_by!("referral_number = $2 AND referral_number <> ''"),
    few_by!("member_id = $1"),
];

/// The query of few cases, where a worklist is about few; `None`: it is by state.
pub(super) fn few_sql(query: &Worklist) -> Option<&'static str> {
    let [by_treatment_authorization, by_referral, by_member] = FEW_SQL;
    if query.treatment_authorization_number.is_some() {
        Some(by_treatment_authorization)
    } else if query.referral_number.is_some() {
        Some(by_referral)
    } else {
        query.member_id.as_ref().map(|_| by_member)
    }
}

/// The states asked for, a bit each.
pub(super) fn state_bits(query: &Worklist) -> i64 {
    states(query).fold(0, |bits, state| bits | 1 << state_code(state))
}

/// Each state asked for, once; every one where none is named.
fn states(query: &Worklist) -> impl Iterator<Item = State> {
    STATES
        .into_iter()
        .filter(|state| query.states.is_empty() || query.states.contains(state))
}
