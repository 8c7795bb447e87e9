//! `verify-log`: proves that no event is changed or missing.

use super::failure::Failure;
use super::process::{print, runtime};
use crate::config::Config;
use crate::store::{open_read_only, verify_log};

pub(super) fn run(config: &Config) -> Result<(), Failure> {
    // Reading only: a server may be writing to the same store.
    let report = runtime()?.block_on(async {
        let store = open_read_only(&config.store).await?;
        verify_log(&*store).await
    })?;
    for finding in &report.findings {
        eprintln!("second-opinion: {finding}");
    }
    eprintln!(
        "second-opinion: {} events, {} determinations and {} letters checked; the head's digest, to keep in another place:",
        report.events, report.cases, report.notices
    );
    print(&report.head.digest.to_string())?;
    if report.is_clean() {
        Ok(())
    } else {
        Err(Failure::other(format!(
            "{} findings: the log is not intact",
            report.found
        )))
    }
}
