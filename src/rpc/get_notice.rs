//! A letter, in the form asked for.

use tonic::Request;

use super::error::{CallError, Resource};
use super::{Caller, Calls};
use crate::case::Digest;
use crate::identity::Scope;
use crate::notice;
use crate::wire::parse::{NoticeForm, NoticeQuery};
use crate::wire::v1::{GetNoticeRequest, GetNoticeResponse};
use crate::wire::{parse, render};

pub(super) async fn answer(
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
    caller.concerns(stored.determination_id);
    must_be_made(&query, &stored.reference.language.primary())?;
    let letter = notice::read(&stored.bytes)?;
    let content = notice::text(&letter).into_bytes();
    Ok(GetNoticeResponse {
        notice: Some(render::notice_reference(&stored.reference)),
        media_type: "text/plain; charset=utf-8".to_owned(),
        content_sha256: Digest::of(&content).to_string(),
        content,
    })
}

/// The forms that this version makes: plain text, in the letter's own language. Text has no size of print.
fn must_be_made(query: &NoticeQuery, language: &str) -> Result<(), CallError> {
    match query.form {
        NoticeForm::Text => {}
        NoticeForm::Html => return Err(CallError::NoticeFormUnknown("as HTML")),
        NoticeForm::Pdf => {
            return Err(CallError::NoticeFormUnknown(
                "as PDF; ask for NOTICE_FORMAT_TEXT",
            ));
        }
    }
    match &query.language {
        Some(wanted) if wanted.primary() != language => Err(CallError::NoticeFormUnknown(
            "in other languages than their own",
        )),
        Some(_) | None => Ok(()),
    }
}
