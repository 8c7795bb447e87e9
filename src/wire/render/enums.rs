//! Maps the enums of a case to those of the contract.

use crate::case::{EventKind, State};
use crate::rules::{ClockKind, Pathway, Qualification, Recommendation, Urgency};
use crate::wire::v1;

pub(super) fn state(state: State) -> v1::State {
    match state {
        State::NoAuthorizationRequired => v1::State::NoAuthorizationRequired,
        State::PendingReview => v1::State::PendingReview,
        State::Approved => v1::State::Approved,
        State::Denied => v1::State::Denied,
        State::Withdrawn => v1::State::Withdrawn,
    }
}

pub(super) fn pathway(pathway: Pathway) -> v1::Pathway {
    match pathway {
        Pathway::NetworkAccess => v1::Pathway::NetworkAccess,
        Pathway::PriorAuthorization => v1::Pathway::PriorAuthorization,
    }
}

/// Maps the urgency of a request.
#[must_use]
pub fn urgency(urgency: Urgency) -> v1::Urgency {
    match urgency {
        Urgency::Routine => v1::Urgency::Routine,
        Urgency::Urgent => v1::Urgency::Urgent,
    }
}

pub(super) fn recommendation(recommendation: Recommendation) -> v1::Recommendation {
    match recommendation {
        Recommendation::NoneNeeded => v1::Recommendation::NoneNeeded,
        Recommendation::GatherInformation => v1::Recommendation::GatherInformation,
        Recommendation::ReferInNetwork => v1::Recommendation::ReferInNetwork,
        Recommendation::SelectCertifiedProvider => v1::Recommendation::SelectCertifiedProvider,
        Recommendation::Approve => v1::Recommendation::Approve,
    }
}

pub(super) fn qualification(qualification: Qualification) -> v1::Qualification {
    match qualification {
        Qualification::Qualified => v1::Qualification::Qualified,
        Qualification::NotQualified => v1::Qualification::NotQualified,
        Qualification::Unknown => v1::Qualification::Unspecified,
        Qualification::NotApplicable => v1::Qualification::NotApplicable,
    }
}

pub(super) fn clock_kind(kind: ClockKind) -> v1::ClockKind {
    match kind {
        ClockKind::Determination => v1::ClockKind::Determination,
        ClockKind::MemberNotification => v1::ClockKind::MemberNotification,
        ClockKind::ProviderNotification => v1::ClockKind::ProviderNotification,
    }
}

pub(super) fn event_type(kind: EventKind) -> v1::EventType {
    match kind {
        EventKind::Submitted => v1::EventType::Submitted,
        EventKind::Verified => v1::EventType::Verified,
        EventKind::Expedited => v1::EventType::Expedited,
        EventKind::Withdrawn => v1::EventType::Withdrawn,
        EventKind::Approved => v1::EventType::Approved,
        EventKind::Denied => v1::EventType::Denied,
        EventKind::Notified => v1::EventType::Notified,
        EventKind::DueSoon => v1::EventType::DueSoon,
        EventKind::Overdue => v1::EventType::Overdue,
    }
}
