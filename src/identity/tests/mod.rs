//! Does identity hold against the tokens, key sets and files that people and attackers bring?

mod attacks;
mod claims;
mod development;
mod keys;
mod names;
mod refusals;
mod rotation;
mod support;
