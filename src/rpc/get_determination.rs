//! `GetDetermination`: one determination as of now.

use tonic::Request;

use super::{Caller, Calls, change};
use crate::error::CallError;
use crate::identity::Scope;
use crate::store::unseal;
use crate::wire::v1::{GetDeterminationRequest, GetDeterminationResponse};
use crate::wire::{parse, render};

pub(super) async fn handle(
    calls: &Calls,
    request: Request<GetDeterminationRequest>,
) -> Result<GetDeterminationResponse, CallError> {
    let caller = Caller::of(&request)?;
    let query = parse::get_determination(request.get_ref());
    let full = query.as_ref().is_ok_and(|query| query.full);
    caller.require(if full { Scope::ReadPhi } else { Scope::Read })?;
    let query = query?;
    caller.audit_determination(query.determination_id);
    let case = change::load(calls, query.determination_id).await?;
    let shown = calls.shown(calls.clock.now());
    let determination = if full {
        let mut records = calls.store.history(case.id).await?;
        // An event committed since is not in the case that was loaded.
        records.retain(|record| record.version <= case.version);
        render::full(&case, &unseal(case.id, &records)?, shown)
    } else {
        render::basic(&case, shown)
    };
    Ok(GetDeterminationResponse {
        determination: Some(determination),
    })
}
