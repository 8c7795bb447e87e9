//! Does each file in `examples/` become what its README says, on a server?
//!
//! The tables of the README drive the tests: a row that is wrong, a row without its file and a file without a row fail.

mod call;
mod contents;
mod decisions;
mod requests;
#[path = "../support/mod.rs"]
mod support;
mod tables;
