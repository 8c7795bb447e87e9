//! How does a caller's command become a durable change, once and only once?

use std::sync::Arc;

use uuid::Uuid;

use super::{Caller, Calls};
use crate::case::{Case, Context, Digest, EventBody};
use crate::commit::{Proposal, StagedCommit};
use crate::error::{CallError, Resource};
use crate::notice::Made;
use crate::store::{CommitError, Replay, ReplayKey, fold};
use crate::wire::parse::{Change, Malformed};
use crate::wire::render;
use crate::wire::v1;

/// Carries a command out on the case that it names: looks its request id up, loads the case, judges, commits, and
/// answers with the BASIC view as of the event.
pub(super) async fn change<C: Clone, E: Into<EventBody>>(
    calls: &Calls,
    caller: &Caller,
    content: Digest,
    change: Change<C>,
    judge: impl Fn(&Case, C, &Context<'_>) -> Result<Proposal<E>, CallError>,
) -> Result<Box<v1::Determination>, CallError> {
    caller.concerns(change.determination_id);
    let key = ReplayKey {
        caller: caller.identity.key(),
        request_id: change.request_id,
    };
    if let Some(replay) = calls.store.replay(&key).await? {
        return repeated(calls, caller, content, &key, replay).await;
    }
    // A case takes a bounded number of events, so a race cannot be lost for ever.
    loop {
        let case = load(calls, change.determination_id).await?;
        let now = calls.clock.now();
        let proposal = must_be_present(&change.etag, &case)
            .and_then(|()| judge(&case, change.command.clone(), &calls.context(now)));
        let proposal = match proposal {
            Ok(proposal) => proposal,
            // Sent twice at once, a request has one outcome: it may have been carried out after it was looked up and
            // before the case was loaded, and then it is that which refuses it.
            Err(refused) => {
                return match calls.store.replay(&key).await? {
                    Some(replay) => repeated(calls, caller, content, &key, replay).await,
                    None => Err(refused),
                };
            }
        };
        let case = Arc::unwrap_or_clone(case);
        let staged = StagedCommit::append(caller.actor(), case, proposal, now, &calls.rungs)?;
        match commit(calls, staged, key.clone(), content).await {
            Ok(determination) => return Ok(determination),
            Err(CommitError::VersionConflict) => {}
            Err(CommitError::Replayed(replay)) => {
                return repeated(calls, caller, content, &key, replay).await;
            }
            Err(CommitError::Store(error)) => return Err(error.into()),
        }
    }
}

/// Commits the first event of a case.
///
/// The request id is looked up by the commit alone: nothing that is judged before it can refuse a repetition.
pub(super) async fn open(
    calls: &Calls,
    caller: &Caller,
    content: Digest,
    request_id: Uuid,
    staged: StagedCommit,
) -> Result<Box<v1::Determination>, CallError> {
    let key = ReplayKey {
        caller: caller.identity.key(),
        request_id,
    };
    let id = staged.case.id;
    match commit(calls, staged, key.clone(), content).await {
        Ok(determination) => {
            caller.concerns(id);
            Ok(determination)
        }
        Err(CommitError::Replayed(replay)) => repeated(calls, caller, content, &key, replay).await,
        Err(CommitError::VersionConflict) => {
            Err(CallError::Defect("a new id was already taken".to_owned()))
        }
        Err(CommitError::Store(error)) => Err(error.into()),
    }
}

/// What a message gets that is not well formed now: where its request id was used before what a repetition gets, else
/// its mistakes.
///
/// A server's clock can be set back. An instant in the message then lies ahead that did not when it was sent first, and
/// a repetition is to be known before time is judged.
pub(super) async fn again(
    calls: &Calls,
    caller: &Caller,
    content: Digest,
    request_id: &str,
    malformed: Malformed,
) -> Result<Box<v1::Determination>, CallError> {
    let Ok(request_id) = Uuid::try_parse(request_id) else {
        return Err(malformed.into());
    };
    let key = ReplayKey {
        caller: caller.identity.key(),
        request_id,
    };
    match calls.store.replay(&key).await? {
        Some(replay) => repeated(calls, caller, content, &key, replay).await,
        None => Err(malformed.into()),
    }
}

/// A case as it would be after a command, without storing anything.
pub(super) async fn preview<C, E: Into<EventBody>>(
    calls: &Calls,
    caller: &Caller,
    change: Change<C>,
    judge: impl Fn(&Case, C, &Context<'_>) -> Result<Proposal<E>, CallError>,
) -> Result<(Box<v1::Determination>, Vec<Made>), CallError> {
    caller.concerns(change.determination_id);
    let case = load(calls, change.determination_id).await?;
    must_be_present(&change.etag, &case)?;
    let present = case.etag();
    let now = calls.clock.now();
    let proposal = judge(&case, change.command, &calls.context(now))?;
    let letters = proposal.letters.clone();
    let case = Arc::unwrap_or_clone(case);
    let staged = StagedCommit::append(caller.actor(), case, proposal, now, &calls.rungs)?;
    let mut determination = render::basic(&staged.case, calls.shown(now));
    // Nothing has changed: a command that follows has to name the present etag.
    determination.etag = present;
    Ok((determination, letters))
}

/// Refuses an etag that was given and is not the case's present one.
fn must_be_present(etag: &str, case: &Case) -> Result<(), CallError> {
    let present = case.etag();
    if etag.is_empty() || etag == present {
        Ok(())
    } else {
        Err(CallError::EtagStale { present })
    }
}

/// Commits, and answers with the BASIC view as of the event.
async fn commit(
    calls: &Calls,
    staged: StagedCommit,
    key: ReplayKey,
    content: Digest,
) -> Result<Box<v1::Determination>, CommitError> {
    let case = staged.commit(&*calls.store, Some((key, content))).await?;
    Ok(render::basic(&case, calls.shown(case.updated_at)))
}

pub(super) async fn load(calls: &Calls, id: Uuid) -> Result<Arc<Case>, CallError> {
    calls
        .store
        .case(id)
        .await?
        .ok_or(CallError::NotFound(Resource::Determination(id)))
}

/// The first answer again, as of its event, if the content is the same.
async fn repeated(
    calls: &Calls,
    caller: &Caller,
    content: Digest,
    key: &ReplayKey,
    replay: Replay,
) -> Result<Box<v1::Determination>, CallError> {
    if replay.content != content {
        return Err(CallError::RequestIdReused(key.request_id));
    }
    let id = replay.determination_id;
    caller.concerns(id);
    let mut records = calls.store.history(id).await?;
    records.retain(|record| record.version <= replay.version);
    let case = fold(id, &records)?;
    Ok(render::basic(&case, calls.shown(case.updated_at)))
}
