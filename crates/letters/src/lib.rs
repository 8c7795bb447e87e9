//! Which letter goes with a decision, and how does it read? Pure: the decision in, the letter out.
//!
//! A letter is made (`make`) at the moment of the decision and stored with it as bytes; its reference on the case holds
//! their SHA-256. What a member is shown is rendered from those bytes, so that a preview cannot differ from what is
//! sent: the letter fills in a template of its language (`templates`), whose lines become blocks of words (`markup`,
//! `document`), and each form is written from the blocks (`text`, `html`).

mod check;
mod document;
mod filters;
mod html;
mod letter;
mod make;
mod markup;
#[cfg(feature = "pdf")]
mod pdf;
pub mod plan;
mod rendering;
mod rights;
mod sample;
mod settings;
mod so;
mod templates;
mod text;
mod view;
mod words;

use chrono::{DateTime, NaiveDate, Utc};
use thiserror::Error;
use uuid::Uuid;

pub use document::{Block, Document, Fact, Run, Section};
pub use html::html;
pub use letter::{
    AboutMember, Addressee, ApprovalNotice, ApprovedInWriting, Asked, Asker, Content,
    DecisionInWriting, DenialNotice, Enclosed, FurtherHelp, GrievanceNotice, LETTER_SCHEMA,
    LanguageHelp, LapseNotice, Letter, NetworkAccessNotice, NetworkOffer, ProviderCopy,
    ProviderInWriting, ReasonInWriting, ReviewerInWriting, Sender,
};
pub use make::{approval, denial, lapse, submission, verification};
#[cfg(feature = "pdf")]
pub use pdf::pdf;
pub use rendering::{Form, Rendition};
pub use rights::{AppealRight, GrievanceRight, HearingRight, HowTo, Span, Way};
pub use settings::{Enclosure, HelpLine, NoticeSettings};
pub use templates::{SHIPPED_LANGUAGES, TemplateErrors, Templates};
pub use text::text;

use crate::plan::Plan;
use second_opinion_rules::case::{Case, NoticeReference, SecondOpinion};
use second_opinion_rules::rules::Calendar;

/// A letter that could not be made.
#[derive(Debug, Error)]
pub enum NoticeError {
    /// A contact point of the plan has no phone number and no address.
    #[error(
        "the plan's contact point `{0}` has no way to be reached, so no letter can say how to use the right"
    )]
    NoWay(&'static str),
    /// A denial without a reason.
    #[error("a denial without a reason has no letter")]
    NoReason,
    /// The reviewer's words are not held in the member's language.
    #[error("the reviewer's words are needed in `{language}` too")]
    Untranslated {
        /// The primary tag of the language.
        language: String,
        /// Which reasons lack them, counted from 0.
        reasons: Vec<usize>,
    },
    /// The letter cannot be written or read as JSON.
    #[error("the letter cannot be written or read")]
    Unreadable,
    /// The letter is of a schema that this version does not know.
    #[error("letter schema {0} is not known to this version")]
    Schema(u32),
    /// Letters are not shipped in the language.
    #[error("letters are not shipped in `{0}`")]
    Language(String),
    /// This build does not make the form.
    #[error("this build does not make letters in that form")]
    FormUnknown,
    /// A template cannot be filled in.
    #[error("{0}")]
    Template(String),
}

/// A letter with its bytes and what the case says of it.
#[derive(Clone, Debug)]
pub struct Made {
    /// The letter.
    pub letter: Letter,
    /// What the case says of it.
    pub reference: NoticeReference,
    /// What is stored.
    pub bytes: Vec<u8>,
}

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
pub struct Making<'a> {
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

impl<'a> Making<'a> {
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
            request: &case.current.request,
            edition: case.current.edition,
            now,
            settings,
            calendar,
        }
    }

    fn notice_id(&self) -> Uuid {
        (self.new_id)()
    }
}

/// The letter in stored bytes.
///
/// # Errors
/// When they are of an unknown schema or cannot be read.
pub fn read(bytes: &[u8]) -> Result<Letter, NoticeError> {
    #[derive(serde::Deserialize)]
    struct Tag {
        schema: u32,
    }
    match serde_json::from_slice::<Tag>(bytes)
        .map_err(|_| NoticeError::Unreadable)?
        .schema
    {
        LETTER_SCHEMA => serde_json::from_slice(bytes).map_err(|_| NoticeError::Unreadable),
        other => Err(NoticeError::Schema(other)),
    }
}
