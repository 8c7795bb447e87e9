//! The form, language and size in which a letter is rendered.

use serde::{Deserialize, Serialize};

use super::content::{Content, WrittenDecision};
use super::error::NoticeError;
use super::html::html;
use super::letter::Letter;
#[cfg(feature = "pdf")]
use super::pdf::pdf;
use super::templates::{SHIPPED_LANGUAGES, Templates};
use super::text::text;

/// The form of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Form {
    /// Plain text.
    Text,
    /// An HTML page.
    Html,
    /// A PDF file.
    Pdf,
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 3] = [Self::Text, Self::Html, Self::Pdf];

    /// The media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
            Self::Pdf => "application/pdf",
        }
    }

    /// Whether this build renders the form.
    #[must_use]
    pub const fn is_supported(self) -> bool {
        match self {
            Self::Text | Self::Html => true,
            Self::Pdf => cfg!(feature = "pdf"),
        }
    }
}

/// A form, a language and a size.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rendition {
    /// The form.
    pub form: Form,
    /// The language, a primary tag.
    pub language: String,
    /// Whether the letter is in large print; always false for text, which has no size.
    pub large_print: bool,
}

impl Rendition {
    /// The rendition that a caller asks for: in the letter's own language if none is named, and in large print if
    /// requested or preferred by the member. `None`: the letter is not held in the language.
    #[must_use]
    pub fn of(
        letter: &Letter,
        form: Form,
        language: Option<&str>,
        large_print: bool,
    ) -> Option<Self> {
        let own = letter.language.primary();
        let language = language.unwrap_or(&own);
        is_in(letter, language).then(|| Self {
            form,
            language: language.to_owned(),
            large_print: form != Form::Text && (large_print || letter.large_print),
        })
    }

    /// Every rendition of a letter.
    #[must_use]
    pub fn all(letter: &Letter) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for form in Form::ALL.into_iter().filter(|form| form.is_supported()) {
            for language in SHIPPED_LANGUAGES {
                for large_print in [false, true] {
                    let rendition = Self::of(letter, form, Some(language), large_print);
                    all.extend(rendition.filter(|one| !all.contains(one)));
                }
            }
        }
        all
    }

    /// Renders a letter. The same letter gives the same bytes, in one build.
    ///
    /// # Errors
    /// Fails if this build does not render the form, or a template cannot be filled in.
    pub fn render(&self, templates: &Templates, letter: &Letter) -> Result<Vec<u8>, NoticeError> {
        let document = templates.document(letter, &self.language)?;
        match self.form {
            Form::Text => Ok(text(&document).into_bytes()),
            Form::Html => Ok(html(&document, self.large_print).into_bytes()),
            #[cfg(feature = "pdf")]
            Form::Pdf => pdf(&document, self.large_print, letter.issued_at),
            #[cfg(not(feature = "pdf"))]
            Form::Pdf => Err(NoticeError::FormUnsupported),
        }
    }
}

/// Whether all of a letter is held in a language, the reviewer's words included.
fn is_in(letter: &Letter, language: &str) -> bool {
    let reasons_are = match &letter.content {
        Content::Denial(notice) => notice.reasons().all(|reason| reason.is_in(language)),
        Content::ProviderCopy(copy) => match &copy.decision {
            WrittenDecision::Denied { reasons, .. } => {
                reasons.iter().all(|reason| reason.is_in(language))
            }
            WrittenDecision::Approved(_) => true,
        },
        Content::Approval(_)
        | Content::GrievanceInformation(_)
        | Content::NetworkAccess(_)
        | Content::Lapse(_) => true,
    };
    reasons_are && SHIPPED_LANGUAGES.contains(&language)
}
