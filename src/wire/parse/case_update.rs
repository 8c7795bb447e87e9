//! Parses a verification, an expedite request and a withdrawal.

use chrono::{DateTime, Utc};

use super::change::{Change, change_ids};
use super::path::At;
use super::people::{member_details, requester};
use super::provider::{network_availability, provider};
use super::request::urgency_claim;
use super::violations::Violations;
use crate::case::{Cin, Expedite, MemberCorrection, Verify, Withdraw};
use crate::error::Malformed;
use crate::wire::v1;

/// Parses facts verified after submission.
///
/// # Errors
/// Fails with every violation of the message.
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

/// Parses an urgency claim made after submission.
///
/// # Errors
/// Fails with every violation of the message.
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
        v.reject_future(At::top("received_at"), received, now);
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

/// Parses a withdrawal.
///
/// # Errors
/// Fails with every violation of the message.
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
