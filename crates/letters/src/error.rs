//! The reasons why a letter cannot be composed, read or rendered.

use thiserror::Error;

/// A letter that cannot be composed, read or rendered.
#[derive(Debug, Error)]
pub enum NoticeError {
    /// A contact point of the plan has no phone number, no address and no website.
    #[error(
        "the plan's contact point `{0}` has no contact method, so no letter can state how to use the right"
    )]
    NoContactMethod(&'static str),
    /// A denial without a reason.
    #[error("a denial without a reason has no letter")]
    NoReason,
    /// The reviewer's words are not held in the member's language.
    #[error("the reviewer's words are required in `{language}` too")]
    TranslationMissing {
        /// The primary tag of the language.
        language: String,
        /// The indexes of the reasons that lack them, from 0.
        reasons: Vec<usize>,
    },
    /// The letter is not valid JSON.
    #[error("the letter cannot be written or read")]
    Unreadable,
    /// The letter has a schema unknown to this version.
    #[error("letter schema {0} is unknown to this version")]
    UnknownSchema(u32),
    /// Letters are not shipped in the language.
    #[error("letters are not shipped in `{0}`")]
    LanguageNotShipped(String),
    /// This build does not render the form.
    #[error("this build does not render letters in that form")]
    FormUnsupported,
    /// A template cannot be filled in.
    #[error("{0}")]
    Template(String),
}
