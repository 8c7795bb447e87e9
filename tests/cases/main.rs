//! What may happen to a case, clause by clause: each row of the policy digest's tables with its near misses.
#![cfg(feature = "server")]

mod approval;
mod denial_facts;
mod denial_referral;
mod expedite;
mod letters;
mod next_steps;
mod notification;
mod privacy;
mod states;
#[path = "../case_support/mod.rs"]
mod support;
mod sweep;
mod verification;
mod withdrawal;
