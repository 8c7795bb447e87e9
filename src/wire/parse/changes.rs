//! Are a verification, an expedite request and a withdrawal well formed?

use chrono::{DateTime, Utc};

use super::people::{member_details, requester};
use super::provider::{network_availability, provider};
use super::request::{check_received, urgency_claim};
use super::{At, Change, Malformed, Violations};
use crate::case::{Cin, Expedite, MemberCorrection, Verify, Withdraw};
use crate::wire::v1;

/// Facts learned after submission.
///
/// # Errors
/// Everything that is wrong with the message.
pub fn record_verification(
    message: &v1::RecordVerificationRequest,
) -> Result<Change<Verify>, Malformed> {
    let mut v = Violations::default();
    let ids = change_ids(&mut v, &message.request_id, &message.determination_id);
    let command = Verify {
        provider: message
            .provider
            .as_ref()
            .map(|message| provider(&mut v, At::top("provider"), message)),
        network_availability: message
            .network_availability
            .as_ref()
            .map(|message| network_availability(&mut v, At::top("network_availability"), message)),
        member: message.member.as_ref().map(|message| {
            let at = At::top("member");
            MemberCorrection {
                member_id: v.identifier(
                    at.field("member_id"),
                    &message.member_id,
                    Cin::parse,
                    Cin::EXPECTED,
                ),
                details: member_details(&mut v, at, message),
            }
        }),
    };
    let change = ids.map(|ids| ids.with(&message.etag, command));
    v.finish(change)
}

/// A claim that a request is urgent, made later.
///
/// # Errors
/// Everything that is wrong with the message.
pub fn expedite(
    message: &v1::ExpediteSecondOpinionRequest,
    now: DateTime<Utc>,
) -> Result<Change<Expedite>, Malformed> {
    let mut v = Violations::default();
    let ids = change_ids(&mut v, &message.request_id, &message.determination_id);
    let at = At::top("urgency_claim");
    let claim = match &message.urgency_claim {
        None => {
            v.add(at, "is required");
            None
        }
        Some(message) => urgency_claim(&mut v, at, message),
    };
    let received_at = v.instant(At::top("received_at"), message.received_at.as_ref());
    if let Some(received) = received_at {
        check_received(&mut v, At::top("received_at"), received, now);
    }
    let change = ids.zip(claim).map(|(ids, claim)| {
        ids.with(
            &message.etag,
            Expedite {
                claim,
                received_at: received_at.unwrap_or(now),
            },
        )
    });
    v.finish(change)
}

/// A withdrawal.
///
/// # Errors
/// Everything that is wrong with the message.
pub fn withdraw(message: &v1::WithdrawSecondOpinionRequest) -> Result<Change<Withdraw>, Malformed> {
    let mut v = Violations::default();
    let ids = change_ids(&mut v, &message.request_id, &message.determination_id);
    let at = At::top("withdrawn_by");
    let withdrawn_by = match &message.withdrawn_by {
        None => {
            v.add(at, "is required");
            None
        }
        Some(message) => requester(&mut v, at, message),
    };
    let reason = v.text(At::top("reason"), &message.reason);
    let change = ids.zip(withdrawn_by).map(|(ids, withdrawn_by)| {
        ids.with(
            &message.etag,
            Withdraw {
                withdrawn_by,
                reason,
            },
        )
    });
    v.finish(change)
}

/// The ids of a change to a case.
#[derive(Clone, Copy)]
pub(super) struct ChangeIds {
    request_id: uuid::Uuid,
    determination_id: uuid::Uuid,
}

impl ChangeIds {
    pub(super) fn with<T>(self, etag: &str, command: T) -> Change<T> {
        Change {
            request_id: self.request_id,
            determination_id: self.determination_id,
            etag: etag.to_owned(),
            command,
        }
    }
}

pub(super) fn change_ids(
    v: &mut Violations,
    request_id: &str,
    determination_id: &str,
) -> Option<ChangeIds> {
    let request_id = v.uuid(At::top("request_id"), request_id);
    let determination_id = v.uuid(At::top("determination_id"), determination_id);
    Some(ChangeIds {
        request_id: request_id?,
        determination_id: determination_id?,
    })
}
