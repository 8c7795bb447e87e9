//! `ListDeterminations`: the determinations that match every filter, the earliest due first.

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

/// Maximum size of a page: gRPC clients accept 4 MiB by default.
const PAGE_BYTES_MAX: usize = 3 * 1024 * 1024;

pub(super) async fn handle(
    calls: &Calls,
    request: Request<ListDeterminationsRequest>,
) -> Result<ListDeterminationsResponse, CallError> {
    let caller = Caller::of(&request)?;
    let message = request.get_ref();
    let query = parse::list_determinations(message);
    let phi = !message.member_id.is_empty() || query.as_ref().is_ok_and(|query| query.full);
    caller.require(if phi { Scope::ReadPhi } else { Scope::Read })?;
    let mut query = query?;
    loop {
        let page = calls.store.list(&query.worklist).await?;
        let response = render_page(calls, &query, page).await?;
        if query.worklist.limit == 1 || response.encoded_len() <= PAGE_BYTES_MAX {
            return Ok(response);
        }
        query.worklist.limit /= 2;
    }
}

async fn render_page(
    calls: &Calls,
    query: &ListQuery,
    page: Page,
) -> Result<ListDeterminationsResponse, CallError> {
    let mut determinations = Vec::with_capacity(page.cases.len());
    for case in &page.cases {
        determinations.push(render_case(calls, case, query.full).await?);
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

async fn render_case(calls: &Calls, case: &Case, full: bool) -> Result<Determination, CallError> {
    let shown = calls.shown(calls.clock.now());
    if !full {
        return Ok(*render::basic(case, shown));
    }
    let mut records = calls.store.history(case.id).await?;
    records.retain(|record| record.version <= case.version);
    Ok(*render::full(case, &unseal(case.id, &records)?, shown))
}
