//! The words and pages of letters: a golden file for each denial reason, language and form, with real dates.
//!
//! `UPDATE_GOLDEN=1 cargo test --test letters` rewrites the files; read the difference before you commit it.

mod content;
mod golden;
#[cfg(feature = "pdf")]
mod pdf;
mod required_content;
mod samples;
#[path = "../case_support/mod.rs"]
mod support;
