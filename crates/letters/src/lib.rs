//! The letters of second medical opinions: the event in, the letters out. Pure but for the PDF library.
//!
//! A letter is composed (`compose`) when its event happens, and stored with the event as bytes; its reference on the
//! case holds their SHA-256. What a member sees is rendered from those bytes, so a preview cannot differ from the
//! letter that is sent: a template of its language (`templates`) is filled in and read as blocks of words (`document`),
//! and each form (`text`, `html`, `pdf`) is written from the blocks.

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
