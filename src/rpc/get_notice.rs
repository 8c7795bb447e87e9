//! `GetNotice`: a letter in the form requested.

use tonic::Request;

use super::{Caller, Calls};
use crate::case::{Digest, LanguageTag};
use crate::error::{CallError, Resource};
use crate::identity::Scope;
use crate::notice::{self, Letter, Rendition};
use crate::store::StoredRendering;
use crate::wire::parse::NoticeQuery;
use crate::wire::v1::{GetNoticeRequest, GetNoticeResponse};
use crate::wire::{parse, render};

pub(super) async fn handle(
    calls: &Calls,
    request: Request<GetNoticeRequest>,
) -> Result<GetNoticeResponse, CallError> {
    let caller = Caller::with_scope(&request, Scope::ReadPhi)?;
    let query = parse::get_notice(request.get_ref())?;
    let id = query.notice_id;
    let stored = calls
        .store
        .notice(id)
        .await?
        .ok_or(CallError::NotFound(Resource::Notice(id)))?;
    caller.audit_determination(stored.determination_id);
    let letter = notice::read(&stored.bytes)?;
    let rendition = rendition(&query, &letter)?;
    let media_type = rendition.form.media_type().to_owned();
    let rendering = match calls.store.rendering(id, &rendition).await? {
        Some(stored) => stored,
        None => render_first(calls, letter, rendition).await?,
    };
    Ok(GetNoticeResponse {
        notice: Some(render::notice_reference(&stored.reference)),
        media_type,
        content_sha256: rendering.sha256.to_string(),
        content: rendering.bytes,
    })
}

/// The first rendering, which is stored and returned from then on. Of two that are made at once, the first stored is.
async fn render_first(
    calls: &Calls,
    letter: Letter,
    rendition: Rendition,
) -> Result<StoredRendering, CallError> {
    let notice_id = letter.notice_id;
    let bytes = calls.renderer.render(letter, rendition.clone()).await?;
    let rendering = StoredRendering {
        notice_id,
        rendition,
        sha256: Digest::of(&bytes),
        bytes,
    };
    Ok(calls.store.store_rendering(rendering).await?)
}

/// The rendition requested, if this build makes it and the letter exists in it.
fn rendition(query: &NoticeQuery, letter: &Letter) -> Result<Rendition, CallError> {
    if !query.form.is_supported() {
        return Err(CallError::NoticeFormUnsupported(
            "as PDF; ask for NOTICE_FORMAT_TEXT or NOTICE_FORMAT_HTML",
        ));
    }
    let language = query.language.as_ref().map(LanguageTag::primary);
    Rendition::of(letter, query.form, language.as_deref(), query.large_print).ok_or(
        CallError::NoticeFormUnsupported(
            "in that language: letters are not shipped in it, or the reviewer's words are not held in it",
        ),
    )
}
