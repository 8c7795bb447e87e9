//! The templates of letters, shipped or a plan's own: filled in with a letter and read as blocks of words.

mod compiled;
mod custom;
mod filters;
mod markup;
mod required_content;
mod sample;
mod shipped;
mod values;
mod words;

pub use compiled::{TemplateErrors, Templates};
pub use shipped::SHIPPED_LANGUAGES;
