//! Medi-Cal policy MPUP3078, Second Medical Opinions, as a pure library: no clock, store, network or environment.
//!
//! [`rules`] holds the policy: clauses, dated limits, calendar and decision table. [`case`] holds what becomes of a request:
//! commands, events, and the state they fold to. The server is built on it; services that apply the same policy, such as
//! treatment authorization (TAR) and referral (RAF), depend on this crate alone.

pub mod case;
pub mod rules;
