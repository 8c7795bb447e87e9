//! The sweep of one case: it commits the next event that time causes, with its letter.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use thiserror::Error;
use uuid::Uuid;

use crate::case::{Actor, Case, ClockEvent, EventKind, Overdue};
use crate::clock::Clock;
use crate::commit::{Proposal, StageError, StagedCommit};
use crate::notice::{self, LetterContext, NoticeError, NoticeSettings, Settings};
use crate::plan::Plan;
use crate::rules::Calendar;
use crate::store::{CommitError, Store, StoreError};

/// The parts that events and letters of a sweep are made with.
pub struct CaseSweeper {
    /// The cases and their log.
    pub store: Arc<dyn Store>,
    /// The server's clock.
    pub clock: Arc<dyn Clock>,
    /// The plan's calendar.
    pub calendar: Calendar,
    /// The plan.
    pub plan: Plan,
    /// The plan's settings for letters.
    pub notices: NoticeSettings,
    /// The reminder thresholds, in percent of a clock's time: 1 to 99, rising.
    pub reminder_thresholds: Vec<u8>,
}

/// The outcome of a sweep of one case.
pub(super) enum Outcome {
    /// An event of this kind was committed, with this number of letters.
    Committed(EventKind, usize),
    /// Another commit changed the case first, perhaps with the same event.
    Conflict,
    /// No event is due before this instant; `None`: none will be, as the case stands.
    NotDue(Option<DateTime<Utc>>),
}

/// A case that could not be swept.
#[derive(Debug, Error)]
pub(super) enum SweepError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("its letter cannot be made: {0}")]
    Letter(#[from] NoticeError),
    #[error("a defect: {0}")]
    Defect(#[from] StageError),
    /// A defect too. The panic's message is not shown: it may hold a person's data.
    #[error("a defect: a panic")]
    Panicked,
}

impl CaseSweeper {
    /// Commits the next event that time causes by now.
    pub(super) async fn sweep(&self, id: Uuid) -> Result<Outcome, SweepError> {
        let Some(case) = self.store.case(id).await? else {
            return Ok(Outcome::NotDue(None));
        };
        let now = self.clock.now();
        let Some(event) = case.sweep(now, &self.reminder_thresholds) else {
            return Ok(Outcome::NotDue(case.next_sweep(&self.reminder_thresholds)));
        };
        let proposal = self.with_letter(&case, event, now)?;
        let (kind, letters) = (proposal.event.kind(), proposal.letters.len());
        let staged = StagedCommit::append(
            Actor::sweeper(),
            Arc::unwrap_or_clone(case),
            proposal,
            now,
            &self.reminder_thresholds,
        )?;
        match staged.commit(&*self.store, None).await {
            Ok(_) => Ok(Outcome::Committed(kind, letters)),
            // Without a request id the store finds no replay.
            Err(CommitError::VersionConflict | CommitError::Replayed(_)) => Ok(Outcome::Conflict),
            Err(CommitError::Store(error)) => Err(error.into()),
        }
    }

    /// The event with its letter: one goes with the first clock that runs out on a case that has no decision yet.
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
                let making = LetterContext::of(case, Uuid::now_v7, now, settings, &self.calendar);
                let letters = notice::lapse(case, making)?.into_iter().collect();
                Ok(Proposal::with_letters(letters, |notices| {
                    Overdue { notices, ..event }.into()
                }))
            }
        }
    }
}
