//! The files in `examples/`, each sent to a server and compared with its row in the README.
//!
//! The tables of the README drive the tests: a wrong row, a row without a file and a file without a row fail.

mod call;
mod contents;
mod decisions;
mod requests;
#[path = "../support/mod.rs"]
mod support;
mod tables;
