//! How is one case told what it is owed?

use std::sync::Arc;

use chrono::{DateTime, Utc};
use thiserror::Error;
use uuid::Uuid;

use crate::case::{Actor, Case, ClockEvent, EventKind, Overdue};
use crate::clock::Clock;
use crate::commit::{Proposal, StageError, StagedCommit};
use crate::notice::{self, Making, NoticeError, NoticeSettings, Settings};
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
    Defect(#[from] StageError),
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
        let Some(event) = case.sweep(now, &self.rungs) else {
            return Ok(Outcome::Nothing(case.next_sweep(&self.rungs)));
        };
        let proposal = self.with_letter(&case, event, now)?;
        let (kind, letters) = (proposal.event.kind(), proposal.letters.len());
        let case = Arc::unwrap_or_clone(case);
        let staged = StagedCommit::append(Actor::sweeper(), case, proposal, now, &self.rungs)?;
        match staged.commit(&*self.store, None).await {
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
        event: ClockEvent,
        now: DateTime<Utc>,
    ) -> Result<Proposal, NoticeError> {
        match event {
            ClockEvent::DueSoon(event) => Ok(Proposal::without_letters(event.into())),
            ClockEvent::Overdue(event) => {
                let settings = Settings {
                    plan: &self.plan,
                    notices: &self.notices,
                };
                let making = Making::of(case, Uuid::now_v7, now, settings, &self.calendar);
                let letter = notice::lapse(case, making)?;
                let letters = letter.into_iter().collect();
                Ok(Proposal::with_letters(letters, |notices| {
                    Overdue { notices, ..event }.into()
                }))
            }
        }
    }
}
