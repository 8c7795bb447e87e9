//! The commit of a caller's command: exactly once for each request id.

use std::sync::Arc;

use uuid::Uuid;

use super::{Caller, Calls};
use crate::case::{Case, Context, Digest, EventBody};
use crate::commit::{Proposal, StagedCommit};
use crate::error::{CallError, Resource};
use crate::notice::SealedLetter;
use crate::store::{CommitError, Replay, ReplayKey, fold};
use crate::wire::parse::{Change, Malformed};
use crate::wire::render;
use crate::wire::v1;

/// Commits a command to the case that it names: looks up the request id, loads the case, decides, commits, and returns the
/// BASIC view as of the event.
pub(super) async fn commit_change<C: Clone, E: Into<EventBody>>(
    calls: &Calls,
    caller: &Caller,
    content: Digest,
    change: Change<C>,
    decide: impl Fn(&Case, C, &Context<'_>) -> Result<Proposal<E>, CallError>,
) -> Result<Box<v1::Determination>, CallError> {
    caller.audit_determination(change.determination_id);
    let key = caller.replay_key(change.request_id);
    if let Some(first) = calls.store.replay(&key).await? {
        return replay(calls, caller, content, &key, first).await;
    }
    // Each lost race adds an event to the case, and a case has a maximum of events, so the loop ends.
    loop {
        let case = load(calls, change.determination_id).await?;
        let now = calls.clock.now();
        let decision = check_etag(&change.etag, &case)
            .and_then(|()| decide(&case, change.command.clone(), &calls.context(now)));
        let proposal = match decision {
            Ok(proposal) => proposal,
            // The same request, sent twice at once, has one outcome: the other one may have been committed after the
            // look-up and before the case was loaded, and then it is the cause of this rejection.
            Err(rejection) => {
                return match calls.store.replay(&key).await? {
                    Some(first) => replay(calls, caller, content, &key, first).await,
                    None => Err(rejection),
                };
            }
        };
        let staged = StagedCommit::append(
            caller.actor(),
            Arc::unwrap_or_clone(case),
            proposal,
            now,
            &calls.reminder_thresholds,
        )?;
        match commit(calls, staged, key.clone(), content).await {
            Ok(determination) => return Ok(determination),
            Err(CommitError::VersionConflict) => {}
            Err(CommitError::Replayed(first)) => {
                return replay(calls, caller, content, &key, first).await;
            }
            Err(CommitError::Store(error)) => return Err(error.into()),
        }
    }
}

/// Commits the first event of a case. The commit alone looks up the request id: nothing before it can reject a repetition.
pub(super) async fn commit_new(
    calls: &Calls,
    caller: &Caller,
    content: Digest,
    request_id: Uuid,
    staged: StagedCommit,
) -> Result<Box<v1::Determination>, CallError> {
    let key = caller.replay_key(request_id);
    let id = staged.case.id;
    match commit(calls, staged, key.clone(), content).await {
        Ok(determination) => {
            caller.audit_determination(id);
            Ok(determination)
        }
        Err(CommitError::Replayed(first)) => replay(calls, caller, content, &key, first).await,
        Err(CommitError::VersionConflict) => {
            Err(CallError::Defect("a new id was already taken".to_owned()))
        }
        Err(CommitError::Store(error)) => Err(error.into()),
    }
}

/// An invalid request: replays the stored reply if the request id is known, else returns the violations.
///
/// A server's clock can be set back. An instant of the message is then in the future that was not when the message was
/// sent first, so that a repetition is recognized before time is checked.
pub(super) async fn replay_or_reject(
    calls: &Calls,
    caller: &Caller,
    content: Digest,
    request_id: &str,
    malformed: Malformed,
) -> Result<Box<v1::Determination>, CallError> {
    let Ok(request_id) = Uuid::try_parse(request_id) else {
        return Err(malformed.into());
    };
    let key = caller.replay_key(request_id);
    match calls.store.replay(&key).await? {
        Some(first) => replay(calls, caller, content, &key, first).await,
        None => Err(malformed.into()),
    }
}

/// The case as it would be after a command, and the command's letters. Nothing is stored.
pub(super) async fn preview<C, E: Into<EventBody>>(
    calls: &Calls,
    caller: &Caller,
    change: Change<C>,
    decide: impl Fn(&Case, C, &Context<'_>) -> Result<Proposal<E>, CallError>,
) -> Result<(Box<v1::Determination>, Vec<SealedLetter>), CallError> {
    caller.audit_determination(change.determination_id);
    let case = load(calls, change.determination_id).await?;
    check_etag(&change.etag, &case)?;
    let present = case.etag();
    let now = calls.clock.now();
    let proposal = decide(&case, change.command, &calls.context(now))?;
    let letters = proposal.letters.clone();
    let staged = StagedCommit::append(
        caller.actor(),
        Arc::unwrap_or_clone(case),
        proposal,
        now,
        &calls.reminder_thresholds,
    )?;
    let mut determination = render::basic(&staged.case, calls.shown(now));
    // The case is unchanged, so a command that follows has to name its present etag.
    determination.etag = present;
    Ok((determination, letters))
}

/// Rejects an etag that is given and is not the case's present one.
fn check_etag(etag: &str, case: &Case) -> Result<(), CallError> {
    let present = case.etag();
    if etag.is_empty() || etag == present {
        Ok(())
    } else {
        Err(CallError::EtagStale { present })
    }
}

/// Commits, and returns the BASIC view as of the event.
async fn commit(
    calls: &Calls,
    mut staged: StagedCommit,
    key: ReplayKey,
    content: Digest,
) -> Result<Box<v1::Determination>, CommitError> {
    let deadlines = std::mem::take(&mut staged.deadlines);
    let case = staged.commit(&*calls.store, Some((key, content))).await?;
    calls.meters.deadlines.count(&deadlines);
    Ok(render::basic(&case, calls.shown(case.updated_at)))
}

pub(super) async fn load(calls: &Calls, id: Uuid) -> Result<Arc<Case>, CallError> {
    calls
        .store
        .case(id)
        .await?
        .ok_or(CallError::NotFound(Resource::Determination(id)))
}

/// The first reply again, as of its event, if the content is the same.
async fn replay(
    calls: &Calls,
    caller: &Caller,
    content: Digest,
    key: &ReplayKey,
    first: Replay,
) -> Result<Box<v1::Determination>, CallError> {
    if first.content != content {
        return Err(CallError::RequestIdReused(key.request_id));
    }
    let id = first.determination_id;
    caller.audit_determination(id);
    let mut records = calls.store.history(id).await?;
    records.retain(|record| record.version <= first.version);
    let case = fold(id, &records)?;
    Ok(render::basic(&case, calls.shown(case.updated_at)))
}

impl Caller {
    fn replay_key(&self, request_id: Uuid) -> ReplayKey {
        ReplayKey {
            caller: self.identity.key(),
            request_id,
        }
    }
}
