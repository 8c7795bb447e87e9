//! The parser: the rule of each field with its near miss; every violation at once, each field named once.

mod case_updates;
mod decisions;
mod denial;
mod fields;
mod queries;
mod samples;
mod submission;
mod submission_sample;
