//! The reasons for which a letter cannot be made or read.

use thiserror::Error;

/// A letter that could not be made.
#[derive(Debug, Error)]
pub enum NoticeError {
    /// A contact point of the plan has no phone number and no address.
    #[error(
        "the plan's contact point `{0}` has no way to be reached, so no letter can say how to use the right"
    )]
    NoContactMethod(&'static str),
    /// A denial without a reason.
    #[error("a denial without a reason has no letter")]
    NoReason,
    /// The reviewer's words are not held in the member's language.
    #[error("the reviewer's words are needed in `{language}` too")]
    TranslationMissing {
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
    UnknownSchema(u32),
    /// Letters are not shipped in the language.
    #[error("letters are not shipped in `{0}`")]
    LanguageNotShipped(String),
    /// This build does not make the form.
    #[error("this build does not make letters in that form")]
    FormUnsupported,
    /// A template cannot be filled in.
    #[error("{0}")]
    Template(String),
}
