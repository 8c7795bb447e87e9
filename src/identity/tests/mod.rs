//! Tests of identity against good and forged tokens, odd key sets, and damaged files.

mod attacks;
mod caller;
mod claims;
mod development;
mod fetch;
mod keys;
mod refusals;
mod rotation;
mod support;
