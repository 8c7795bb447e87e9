//! How letters read: a golden file for each reason of a denial, each language and each form, with real dates.
//!
//! `UPDATE_GOLDEN=1 cargo test --test letters` writes the files anew; look at what changed before it is kept.

mod forms;
mod golden;
#[cfg(feature = "pdf")]
mod pages;
mod sections;
#[path = "../case_support/mod.rs"]
mod support;
mod written;
