//! What may happen to a case, clause by clause: each row of the policy digest's tables with its near misses.

mod approval;
mod denial_facts;
mod denial_referral;
mod expedite;
mod letters;
mod next_steps;
mod notification;
mod privacy;
mod record;
mod states;
mod submission;
#[path = "../case_support/mod.rs"]
mod support;
mod sweep;
mod verification;
mod withdrawal;
