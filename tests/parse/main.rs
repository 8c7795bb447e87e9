//! Is a message well formed? Each field's rule with its near miss; every violation at once, each field named once.

mod asked;
mod changes;
mod decisions;
mod denial;
mod fields;
mod messages;
mod queries;
mod submission;
