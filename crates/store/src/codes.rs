//! The numbers by which columns hold our values, the same in every store. They never change.

use chrono::{DateTime, Utc};

use second_opinion_letters::Form;
use second_opinion_rules::case::{EventKind, State};
use second_opinion_rules::rules::Urgency;

/// "No clock" where cases are sorted: after every instant.
pub(super) const NO_CLOCK_US: i64 = i64::MAX;

/// Every state.
pub(super) const STATES: [State; 5] = [
    State::NoAuthorizationRequired,
    State::PendingReview,
    State::Approved,
    State::Denied,
    State::Withdrawn,
];

pub(super) const URGENCIES: [Urgency; 2] = [Urgency::Routine, Urgency::Urgent];

pub(super) const KINDS: [EventKind; 9] = [
    EventKind::Submitted,
    EventKind::Verified,
    EventKind::Expedited,
    EventKind::Withdrawn,
    EventKind::Approved,
    EventKind::Denied,
    EventKind::Notified,
    EventKind::DueSoon,
    EventKind::Overdue,
];

pub(super) const fn state_code(state: State) -> i16 {
    match state {
        State::NoAuthorizationRequired => 1,
        State::PendingReview => 2,
        State::Approved => 3,
        State::Denied => 4,
        State::Withdrawn => 5,
    }
}

pub(super) const fn urgency_code(urgency: Urgency) -> i16 {
    match urgency {
        Urgency::Routine => 1,
        Urgency::Urgent => 2,
    }
}

pub(super) const fn kind_code(kind: EventKind) -> i16 {
    match kind {
        EventKind::Submitted => 1,
        EventKind::Verified => 2,
        EventKind::Expedited => 3,
        EventKind::Withdrawn => 4,
        EventKind::Approved => 5,
        EventKind::Denied => 6,
        EventKind::Notified => 7,
        EventKind::DueSoon => 8,
        EventKind::Overdue => 9,
    }
}

pub(super) const fn form_code(form: Form) -> i16 {
    match form {
        Form::Text => 1,
        Form::Html => 2,
        Form::Pdf => 3,
    }
}

/// The value of a number; `None`: this version does not know the number.
pub(super) fn known<T: Copy>(held: i16, all: &[T], code: impl Fn(T) -> i16) -> Option<T> {
    all.iter().copied().find(|value| code(*value) == held)
}

/// A position as a column. One that is too large for it is after every other.
pub(super) fn position_column(position: u64) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}

/// A maximum of rows as a parameter.
pub(super) fn limit_column(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// An instant as a column.
pub(super) fn instant_column(instant: DateTime<Utc>) -> i64 {
    instant.timestamp_micros()
}

/// A case's due instant in the worklist's order.
pub(super) fn first_due_column(first_due: Option<DateTime<Utc>>) -> i64 {
    first_due.map_or(NO_CLOCK_US, instant_column)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_distinct() {
        let states: BTreeSet<i16> = STATES.map(state_code).into();
        let urgencies: BTreeSet<i16> = URGENCIES.map(urgency_code).into();
        let kinds: BTreeSet<i16> = KINDS.map(kind_code).into();
        assert_eq!(states, (1..=5).collect());
        assert_eq!(urgencies, (1..=2).collect());
        assert_eq!(kinds, (1..=9).collect());
    }

    #[test]
    fn too_large_position_is_after_all_others() {
        assert_eq!(position_column(u64::MAX), i64::MAX);
        assert_eq!(position_column(7), 7);
    }
}
