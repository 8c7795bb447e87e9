//! How does a caller's command become a durable change, once and only once?

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::error::{CallError, Resource};
use super::{Caller, Calls};
use crate::case::{Case, Context, Digest, Event, EventBody, SealedEvent};
use crate::notice::Made;
use crate::store::{
    CaseColumns, Commit, CommitError, Replay, ReplayKey, StoredNotice, encode_file, fold,
};
use crate::wire::parse::{Change, Malformed};
use crate::wire::render;
use crate::wire::v1;

/// What a command comes to: the event, and the letters made with it.
pub(super) struct Judged {
    pub body: EventBody,
    pub letters: Vec<Made>,
}

impl Judged {
    /// A submission, or facts that were learned, with the letters that go with it.
    pub fn with_letters(body: EventBody, letters: Vec<Made>) -> Self {
        let references = letters.iter().map(|made| made.reference.clone());
        Self {
            body: body.with_notices(references.collect()),
            letters,
        }
    }
}

impl From<EventBody> for Judged {
    fn from(body: EventBody) -> Self {
        Self {
            body,
            letters: Vec::new(),
        }
    }
}

/// Carries a command out on the case that it names: looks its request id up, loads the case, judges, commits, and
/// answers with the BASIC view as of the event.
pub(super) async fn change<C: Clone>(
    calls: &Calls,
    caller: &Caller,
    content: Digest,
    change: Change<C>,
    judge: impl Fn(&Case, C, &Context<'_>) -> Result<Judged, CallError>,
) -> Result<v1::Determination, CallError> {
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
        let present = case.etag();
        if !change.etag.is_empty() && change.etag != present {
            return Err(CallError::EtagStale { present });
        }
        let now = calls.clock.now();
        let judged = judge(&case, change.command.clone(), &calls.context(now))?;
        let next = Next::of(
            caller,
            (case.id, Some(Arc::unwrap_or_clone(case))),
            judged,
            now,
        )?;
        match next.commit(calls, key.clone(), content).await {
            Ok(determination) => return Ok(determination),
            Err(CommitError::VersionConflict) => {}
            Err(CommitError::Replayed(replay)) => {
                return repeated(calls, caller, content, &key, replay).await;
            }
            Err(CommitError::Store(error)) => return Err(error.into()),
        }
    }
}

/// A case that is to be opened: its letters name it, so its id is made before they are.
pub(super) struct Opening {
    pub id: Uuid,
    pub judged: Judged,
}

/// Opens a case with its first event.
///
/// The request id is looked up by the commit alone: nothing that is judged before it can refuse a repetition.
pub(super) async fn open(
    calls: &Calls,
    caller: &Caller,
    content: Digest,
    request_id: Uuid,
    opening: Opening,
    now: DateTime<Utc>,
) -> Result<v1::Determination, CallError> {
    let key = ReplayKey {
        caller: caller.identity.key(),
        request_id,
    };
    let Opening { id, judged } = opening;
    let next = Next::of(caller, (id, None), judged, now)?;
    match next.commit(calls, key.clone(), content).await {
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
) -> Result<v1::Determination, CallError> {
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
pub(super) async fn preview<C>(
    calls: &Calls,
    caller: &Caller,
    change: Change<C>,
    judge: impl Fn(&Case, C, &Context<'_>) -> Result<Judged, CallError>,
) -> Result<(v1::Determination, Vec<Made>), CallError> {
    caller.concerns(change.determination_id);
    let case = load(calls, change.determination_id).await?;
    let present = case.etag();
    if !change.etag.is_empty() && change.etag != present {
        return Err(CallError::EtagStale { present });
    }
    let now = calls.clock.now();
    let judged = judge(&case, change.command, &calls.context(now))?;
    let letters = judged.letters.clone();
    let next = Next::of(
        caller,
        (case.id, Some(Arc::unwrap_or_clone(case))),
        judged,
        now,
    )?;
    let mut determination = render::basic(&next.case, calls.shown(now));
    // Nothing has changed: a command that follows has to name the present etag.
    determination.etag = present;
    Ok((determination, letters))
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
) -> Result<v1::Determination, CallError> {
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

/// A case after a command, and the commit that makes it so.
struct Next {
    case: Case,
    event: SealedEvent,
    body_kind: crate::case::EventKind,
    letters: Vec<StoredNotice>,
}

impl Next {
    fn of(
        caller: &Caller,
        (id, case): (Uuid, Option<Case>),
        judged: Judged,
        now: DateTime<Utc>,
    ) -> Result<Self, CallError> {
        let defect = |what: &str| CallError::Defect(what.to_owned());
        let (version, previous) = case
            .as_ref()
            .map_or((0, Digest::ZERO), |case| (case.version, case.head));
        let edition = match (&judged.body, &case) {
            (EventBody::Submitted(submitted), None) => submitted.edition,
            (_, Some(case)) => case.file.edition,
            (_, None) => return Err(defect("an event without a case that it could follow")),
        };
        let event = Event {
            version: version + 1,
            occurred_at: now,
            actor: caller.actor(),
            body: judged.body,
        };
        let sealed = SealedEvent::seal(id, &event, edition, previous)
            .map_err(|_| defect("an event cannot be sealed"))?;
        let body_kind = event.body.kind();
        let case = match case {
            Some(case) => case.after(&event, sealed.sha256),
            None => Case::opened(id, event, sealed.sha256),
        };
        let letters = judged
            .letters
            .into_iter()
            .map(|made| StoredNotice {
                determination_id: id,
                reference: made.reference,
                bytes: made.bytes,
            })
            .collect();
        Ok(Self {
            case: case.ok_or_else(|| defect("an event that cannot follow"))?,
            body_kind,
            event: sealed,
            letters,
        })
    }

    async fn commit(
        mut self,
        calls: &Calls,
        key: ReplayKey,
        content: Digest,
    ) -> Result<v1::Determination, CommitError> {
        let unencodable = |error| crate::store::StoreError::damaged(self.case.id, error);
        let commit = Commit {
            expected_version: self.case.version - 1,
            kind: self.body_kind,
            columns: CaseColumns::of(&self.case.file),
            snapshot: encode_file(&self.case.file).map_err(unencodable)?,
            event: self.event,
            letters: self.letters,
            replay: Some((key, content)),
        };
        let committed = calls.store.commit(commit).await?;
        // The store may have moved the event's instant forward, and its digest with it.
        let at = committed.event.header.occurred_at;
        self.case.head = committed.event.sha256;
        self.case.command_head = committed.event.sha256;
        self.case.updated_at = at;
        if self.case.version == 1 {
            self.case.created_at = at;
        }
        Ok(render::basic(&self.case, calls.shown(at)))
    }
}
