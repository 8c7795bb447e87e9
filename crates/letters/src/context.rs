//! The facts beside an event that its letters are made with: the case, the moment, the plan and its calendar.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::plan::Plan;
use super::settings::NoticeSettings;
use second_opinion_rules::case::{Case, SecondOpinion};
use second_opinion_rules::rules::Calendar;

/// What every letter of a plan is made with.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// What it sets about its letters.
    pub notices: &'a NoticeSettings,
}

/// What the letters of one event are made with.
#[derive(Clone, Copy, Debug)]
pub struct LetterContext<'a> {
    /// Where a letter's id comes from.
    pub new_id: fn() -> Uuid,
    /// The case.
    pub determination_id: Uuid,
    /// The request, as it stands after the event.
    pub request: &'a SecondOpinion,
    /// The policy's edition.
    pub edition: NaiveDate,
    /// The moment of the event.
    pub now: DateTime<Utc>,
    /// The plan and its letters.
    pub settings: Settings<'a>,
    /// Its calendar.
    pub calendar: &'a Calendar,
}

impl<'a> LetterContext<'a> {
    /// What a letter about a case is made with.
    #[must_use]
    pub fn of(
        case: &'a Case,
        new_id: fn() -> Uuid,
        now: DateTime<Utc>,
        settings: Settings<'a>,
        calendar: &'a Calendar,
    ) -> Self {
        Self {
            new_id,
            determination_id: case.id,
            request: &case.file.request,
            edition: case.file.edition,
            now,
            settings,
            calendar,
        }
    }

    pub(crate) fn notice_id(&self) -> Uuid {
        (self.new_id)()
    }
}
