//! A request comes in (VI.A).

use chrono::{DateTime, Utc};
use tonic::Request;
use uuid::Uuid;

use super::change::{Judged, Opening};
use super::{Caller, Calls, change, content};
use crate::case::{EventBody, submit};
use crate::error::CallError;
use crate::identity::Scope;
use crate::notice::{self, LetterContext};
use crate::wire::parse::{self, Malformed};
use crate::wire::v1::{SubmitSecondOpinionRequest, SubmitSecondOpinionResponse};

pub(super) async fn answer(
    calls: &Calls,
    request: Request<SubmitSecondOpinionRequest>,
) -> Result<SubmitSecondOpinionResponse, CallError> {
    let caller = Caller::with_scope(&request, Scope::Submit)?;
    let message = request.into_inner();
    let content = content("SubmitSecondOpinion", &message);
    let now = calls.clock.now();
    let determination = match read(calls, message, now)? {
        Read::Opening(opening) => change::open(calls, &caller, content, opening, now).await?,
        Read::Malformed {
            request_id,
            mistakes,
        } => change::again(calls, &caller, content, &request_id, mistakes).await?,
    };
    Ok(SubmitSecondOpinionResponse {
        determination: Some(determination),
    })
}

/// What a message comes to.
enum Read {
    /// A case that is to be opened.
    Opening(Box<Opening>),
    /// It is not well formed.
    Malformed {
        request_id: String,
        mistakes: Malformed,
    },
}

fn read(
    calls: &Calls,
    message: SubmitSecondOpinionRequest,
    now: DateTime<Utc>,
) -> Result<Read, CallError> {
    let request_id = message.request_id.clone();
    let submission = match parse::submit(message, now, &calls.policy.calendar) {
        Ok(submission) => submission,
        Err(mistakes) => {
            return Ok(Read::Malformed {
                request_id,
                mistakes,
            });
        }
    };
    let body = submit(submission.command, &calls.context(now));
    let id = Uuid::now_v7();
    Ok(Read::Opening(Box::new(Opening {
        request_id: submission.request_id,
        id,
        judged: judged(calls, id, body, now)?,
    })))
}

/// The submission with its letters: how to file a grievance, where primary care did not grant it (VI.E).
fn judged(
    calls: &Calls,
    id: Uuid,
    body: EventBody,
    now: DateTime<Utc>,
) -> Result<Judged, CallError> {
    let EventBody::Submitted(submitted) = &body else {
        return Err(CallError::Defect(
            "a submission is another event".to_owned(),
        ));
    };
    let making = LetterContext {
        new_id: Uuid::now_v7,
        determination_id: id,
        request: &submitted.request,
        edition: submitted.edition,
        now,
        settings: calls.settings(),
        calendar: &calls.policy.calendar,
    };
    let letters = notice::submission(submitted, making)?;
    Ok(Judged::with_letters(body, letters))
}
