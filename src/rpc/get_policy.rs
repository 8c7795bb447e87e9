//! `GetPolicy`: the policy in one of its editions.

use tonic::Request;

use super::{Caller, Calls};
use crate::error::{CallError, Resource};
use crate::rules::{EDITIONS, Edition};
use crate::wire::v1::{GetPolicyRequest, GetPolicyResponse};
use crate::wire::{parse, render};

#[allow(clippy::unused_async, reason = "every handler has the same signature")]
pub(super) async fn handle(
    calls: &Calls,
    request: Request<GetPolicyRequest>,
) -> Result<GetPolicyResponse, CallError> {
    Caller::of(&request)?;
    let now = calls.clock.now();
    let edition = match parse::get_policy(request.get_ref())? {
        None => Edition::for_receipt(calls.policy.calendar.day_of(now)),
        Some(version) => Edition::by_version(version)
            .ok_or(CallError::NotFound(Resource::PolicyVersion(version)))?,
    };
    Ok(GetPolicyResponse {
        policy: Some(render::policy(&calls.policy, edition, now)),
        versions: EDITIONS
            .iter()
            .map(|edition| edition.version.to_string())
            .collect(),
    })
}
