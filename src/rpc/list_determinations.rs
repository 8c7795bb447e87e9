//! The determinations that match every filter, the most pressing first.

use prost::Message as _;
use tonic::Request;

use super::{Caller, Calls};
use crate::case::Case;
use crate::error::CallError;
use crate::identity::Scope;
use crate::store::{Page, unseal};
use crate::wire::parse::ListQuery;
use crate::wire::v1::{Determination, ListDeterminationsRequest, ListDeterminationsResponse};
use crate::wire::{parse, render};

/// As large as a page may become: gRPC clients take 4 MiB unless told otherwise.
const PAGE_BYTES_MAX: usize = 3 * 1024 * 1024;

pub(super) async fn answer(
    calls: &Calls,
    request: Request<ListDeterminationsRequest>,
) -> Result<ListDeterminationsResponse, CallError> {
    let caller = Caller::of(&request)?;
    let message = request.get_ref();
    let query = parse::list_determinations(message);
    let phi = !message.member_id.is_empty() || query.as_ref().is_ok_and(|query| query.full);
    caller.needs(if phi { Scope::ReadPhi } else { Scope::Read })?;
    let mut query = query?;
    loop {
        let page = calls.store.list(&query.worklist).await?;
        let answer = rendered(calls, &query, page).await?;
        if query.worklist.limit == 1 || answer.encoded_len() <= PAGE_BYTES_MAX {
            return Ok(answer);
        }
        query.worklist.limit /= 2;
    }
}

async fn rendered(
    calls: &Calls,
    query: &ListQuery,
    page: Page,
) -> Result<ListDeterminationsResponse, CallError> {
    let mut determinations = Vec::with_capacity(page.cases.len());
    for case in &page.cases {
        determinations.push(shown(calls, case, query.full).await?);
    }
    let next_page_token = page
        .next
        .map(|place| parse::page_token(place, query.fingerprint))
        .unwrap_or_default();
    Ok(ListDeterminationsResponse {
        determinations,
        next_page_token,
    })
}

async fn shown(calls: &Calls, case: &Case, full: bool) -> Result<Determination, CallError> {
    let shown = calls.shown(calls.clock.now());
    if !full {
        return Ok(*render::basic(case, shown));
    }
    let mut records = calls.store.history(case.id).await?;
    records.retain(|record| record.version <= case.version);
    Ok(*render::full(case, &unseal(case.id, &records)?, shown))
}
