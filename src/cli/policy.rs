//! `policy`: prints the policy with the limits that apply.

use super::evaluate;
use super::failure::Failure;
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::rules::Edition;
use crate::wire::render;

pub(super) fn run(config: &Config) -> Result<(), Failure> {
    let policy = config.policy();
    let now = SystemClock.now();
    let edition = Edition::for_receipt(policy.calendar.day_of(now));
    evaluate::print(&render::policy(&policy, edition, now), "Policy")
}
