//! The context in which the letters of an event are composed: the case, the instant, the plan and its calendar.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::plan::Plan;
use super::settings::NoticeSettings;
use second_opinion_rules::case::{Case, SecondOpinion};
use second_opinion_rules::rules::Calendar;

/// The plan's own part of every letter.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The plan's settings for its letters.
    pub notices: &'a NoticeSettings,
}

/// The context in which the letters of one event are composed.
#[derive(Clone, Copy, Debug)]
pub struct LetterContext<'a> {
    /// Makes the id of a letter.
    pub new_id: fn() -> Uuid,
    /// The id of the case.
    pub determination_id: Uuid,
    /// The request, after the event.
    pub request: &'a SecondOpinion,
    /// The edition of the policy.
    pub edition: NaiveDate,
    /// The instant of the event.
    pub now: DateTime<Utc>,
    /// The plan and its settings for letters.
    pub settings: Settings<'a>,
    /// The plan's calendar.
    pub calendar: &'a Calendar,
}

impl<'a> LetterContext<'a> {
    /// The context of a letter about a case.
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
            request: &case.current.request,
            edition: case.current.edition,
            now,
            settings,
            calendar,
        }
    }

    pub(crate) fn notice_id(&self) -> Uuid {
        (self.new_id)()
    }
}
