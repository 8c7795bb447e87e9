//! Which letter goes with a decision, and how does it read? Pure: the decision in, the letter out.
//!
//! A letter is made (`make`) at the moment of the decision and stored with it as bytes; its reference on the case holds
//! their SHA-256. What a member is shown is rendered from those bytes, so that a preview cannot differ from what is
//! sent: the letter fills in a template of its language (`templates`), whose lines become blocks of words (`markup`,
//! `document`), and each form is written from the blocks (`text`, `html`).

mod compose;
mod contact;
mod content;
mod context;
mod document;
mod error;
mod html;
mod letter;
mod letter_facts;
#[cfg(feature = "pdf")]
mod pdf;
pub mod plan;
mod plan_problems;
mod rendition;
mod rights;
mod sealed;
mod settings;
mod templates;
mod text;

pub use compose::{approval, denial, lapse, submission, verification};
pub use contact::{ContactMethod, ContactMethods};
pub use content::{
    ApprovalNotice, Content, DenialNotice, FurtherHelp, GrievanceNotice, LapseNotice,
    NamedReviewer, NetworkAccessNotice, NetworkOffer, ProviderCopy, ProviderDetails,
    WrittenApproval, WrittenDecision, WrittenReason,
};
pub use context::{LetterContext, Settings};
pub use document::{Block, Document, Fact, Run, Section};
pub use error::NoticeError;
pub use html::html;
pub use letter::{
    Addressee, LETTER_SCHEMA, LanguageHelp, Letter, ListedEnclosure, MemberIdentity,
    RequestSummary, RequestingParty, Sender,
};
#[cfg(feature = "pdf")]
pub use pdf::pdf;
pub use rendition::{Form, Rendition};
pub use rights::{AppealRight, GrievanceRight, HearingRight, TimeSpan};
pub use sealed::{SealedLetter, read};
pub use settings::{Enclosure, HelpLine, NoticeSettings};
pub use templates::{SHIPPED_LANGUAGES, TemplateErrors, Templates};
pub use text::text;
