//! The notification of a person, and the clock that it stops.

use chrono::{DateTime, Utc};

use super::decision::{Channel, Decision, NoticeKind, Notification, Recipient};
use super::event::Notified;
use super::{Case, CaseState, Context, Refusal, State};
use crate::rules::{ClockKind, StopReason};

/// The command to record a notification.
#[derive(Clone, Debug)]
pub struct Notify {
    /// The notification.
    pub notification: Notification,
}

/// Records a notification, any number of times. The first one that counts stops the recipient's clock at `notified_at`;
/// later ones are recorded.
///
/// Of a denial the member is notified in writing only (VI.F): by mail or portal, with the denial's letter.
///
/// # Errors
/// In a state other than `APPROVED`, `DENIED`, or `NO_AUTHORIZATION_REQUIRED` with a clock that runs; when the letter is
/// not one of the case's; or when `notified_at` is before the decision.
pub fn notify(case: &Case, command: Notify, context: &Context<'_>) -> Result<Notified, Refusal> {
    let current = &case.current;
    case.allow(
        "RecordNotification",
        &[
            State::Approved,
            State::Denied,
            State::NoAuthorizationRequired,
        ],
    )?;
    if current.state == State::NoAuthorizationRequired && current.due_at().is_none() {
        return Err(Refusal::State {
            state: current.state,
            message: "no clock runs, so no notification is left to record".to_owned(),
        });
    }
    let mut notification = command.notification;
    if let Some(id) = notification.notice_id
        && !current.notices.iter().any(|notice| notice.notice_id == id)
    {
        return Err(Refusal::NoticeUnknown(id));
    }
    let earliest = earliest_notification(current);
    // The clock of the server that recorded the decision may be slightly ahead of this one's.
    if earliest > context.now {
        notification.notified_at = notification.notified_at.max(earliest);
    }
    if notification.notified_at < earliest {
        return Err(Refusal::State {
            state: current.state,
            message: "a notification of a decision cannot precede the decision".to_owned(),
        });
    }
    let mut clocks = current.clocks.clone();
    if let Some(kind) = clock_of(current, &notification) {
        for clock in clocks.iter_mut().filter(|clock| clock.kind == kind) {
            clock.stop(notification.notified_at, StopReason::Done);
        }
    }
    Ok(Notified {
        notification,
        clocks,
    })
}

/// The earliest instant of a notification: the decision, or the letter that states that no permission is needed, or
/// without either the receipt.
fn earliest_notification(current: &CaseState) -> DateTime<Utc> {
    let network_access = || {
        current
            .notices
            .iter()
            .filter(|notice| notice.kind == NoticeKind::NetworkAccess)
            .map(|notice| notice.issued_at)
            .max()
    };
    current
        .decision
        .as_ref()
        .and_then(Decision::decided_at)
        .or_else(network_access)
        .unwrap_or(current.request.received_at)
}

/// The clock that a notification stops; `None`: it stops none.
fn clock_of(current: &CaseState, notification: &Notification) -> Option<ClockKind> {
    match notification.recipient {
        Recipient::RequestingProfessional => Some(ClockKind::ProviderNotification),
        Recipient::Representative if !current.request.has_authorized_representative() => None,
        Recipient::Member | Recipient::Representative => match current.state {
            State::Denied => {
                denied_in_writing(current, notification).then_some(ClockKind::MemberNotification)
            }
            State::Approved
            | State::NoAuthorizationRequired
            | State::PendingReview
            | State::Withdrawn => Some(ClockKind::MemberNotification),
        },
    }
}

fn denied_in_writing(current: &CaseState, notification: &Notification) -> bool {
    let in_writing = match notification.channel {
        Channel::Mail | Channel::Portal => true,
        Channel::Phone | Channel::Fax => false,
    };
    let names_the_denial = current.notices.iter().any(|notice| {
        notice.kind == NoticeKind::Denial && Some(notice.notice_id) == notification.notice_id
    });
    in_writing && names_the_denial
}
