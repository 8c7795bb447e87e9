//! How is one case told what it is owed?

use std::sync::Arc;

use chrono::{DateTime, Utc};
use thiserror::Error;
use uuid::Uuid;

use crate::case::{Actor, Case, EventBody, EventKind};
use crate::clock::Clock;
use crate::commit::{Judged, Next, Unfit};
use crate::notice::{self, LetterContext, NoticeError, NoticeSettings, Settings};
use crate::plan::Plan;
use crate::rules::Calendar;
use crate::store::{CommitError, Store, StoreError};

/// What events and letters are made with.
pub struct Teller {
    /// The cases and their log.
    pub store: Arc<dyn Store>,
    /// The server's clock.
    pub clock: Arc<dyn Clock>,
    /// The plan's calendar.
    pub calendar: Calendar,
    /// The plan.
    pub plan: Plan,
    /// What the plan sets about its letters.
    pub notices: NoticeSettings,
    /// The shares of a clock's time that are told, in percent: 1 to 99, rising.
    pub rungs: Vec<u8>,
}

/// What became of a case that was looked at.
pub(super) enum Outcome {
    /// It was told something, with as many letters.
    Told(EventKind, usize),
    /// Someone else changed it meanwhile, perhaps by telling the same. What it is owed now is asked anew.
    Outrun,
    /// It is owed nothing before this instant, if ever; `None`: as it stands, never.
    Nothing(Option<DateTime<Utc>>),
}

/// Why a case could not be told what it is owed.
#[derive(Debug, Error)]
pub(super) enum TellError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("its letter cannot be made: {0}")]
    Letter(#[from] NoticeError),
    #[error("a defect: {0}")]
    Defect(#[from] Unfit),
    /// A defect too. What it stumbled over is not told: it may be a person's.
    #[error("a defect: a panic")]
    Panicked,
}

impl Teller {
    /// Tells a case the next thing that it is owed.
    pub(super) async fn tell(&self, id: Uuid) -> Result<Outcome, TellError> {
        let Some(case) = self.store.case(id).await? else {
            return Ok(Outcome::Nothing(None));
        };
        let now = self.clock.now();
        let Some(body) = case.sweep(now, &self.rungs) else {
            return Ok(Outcome::Nothing(case.next_sweep(&self.rungs)));
        };
        let kind = body.kind();
        let judged = self.with_letter(&case, body, now)?;
        let letters = judged.letters.len();
        let next = Next::of(
            Actor::sweeper(),
            (id, Some(Arc::unwrap_or_clone(case))),
            judged,
            now,
        )?;
        match next.commit(&*self.store, &self.rungs, None).await {
            Ok(_) => Ok(Outcome::Told(kind, letters)),
            // Without a request id nothing can have been sent before.
            Err(CommitError::VersionConflict | CommitError::Replayed(_)) => Ok(Outcome::Outrun),
            Err(CommitError::Store(error)) => Err(error.into()),
        }
    }

    /// What is told with the letter that goes with it: of the first clock that runs out on a case that is still to be
    /// decided.
    fn with_letter(
        &self,
        case: &Case,
        body: EventBody,
        now: DateTime<Utc>,
    ) -> Result<Judged, NoticeError> {
        match body.kind() {
            EventKind::Overdue => {
                let settings = Settings {
                    plan: &self.plan,
                    notices: &self.notices,
                };
                let making = LetterContext::of(case, Uuid::now_v7, now, settings, &self.calendar);
                let letter = notice::lapse(case, making)?;
                Ok(Judged::with_letters(body, letter.into_iter().collect()))
            }
            EventKind::DueSoon
            | EventKind::Submitted
            | EventKind::Verified
            | EventKind::Expedited
            | EventKind::Withdrawn
            | EventKind::Approved
            | EventKind::Denied
            | EventKind::Notified => Ok(body.into()),
        }
    }
}
