//! `check-config`: checks the configuration, and prints each value with its source.

use super::failure::Failure;
use super::process::print;
use crate::config::Config;
use crate::server::StartError;

pub(super) fn run(config: &Config) -> Result<(), Failure> {
    print(&config.show())?;
    if config.development_identity() {
        eprintln!(
            "second-opinion: no issuer is configured: the server uses the development identity"
        );
    }
    if !config.limits.law {
        eprintln!("second-opinion: the limits of law are off");
    }
    if !config.has_own_plan() {
        eprintln!(
            "second-opinion: no `[plan]` is configured: letters name {}, for trial only",
            config.plan.name
        );
    }
    if config.notices.enclosures.is_empty() {
        eprintln!(
            "second-opinion: no enclosure is configured: letters go out without the State's \"Your Rights\", \
             nondiscrimination and language sheets (`notices.enclosures`)"
        );
    }
    if config.plan.knox_keene && config.plan.independent_review.is_none() {
        eprintln!(
            "second-opinion: `plan.knox_keene` is on and `plan.independent_review` is not set: letters send members who \
             ask for an independent medical review to member services"
        );
    }
    config.templates().map_err(StartError::from)?;
    if config.auth().is_none() && !config.development_identity() && config.callers.is_empty() {
        eprintln!(
            "second-opinion: callers are authenticated by certificates alone, and `[callers]` is empty: no caller is accepted"
        );
    }
    eprintln!("second-opinion: the configuration can be used");
    Ok(())
}
