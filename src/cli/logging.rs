//! Where do the log's lines go, and in which shape? To standard error: results alone go to standard output.

use std::io::{self, BufWriter, IsTerminal as _};

use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

use super::Failure;
use super::json_line::JsonLine;
use crate::config::{Config, LogFormat};
use crate::layer::{audit, panics};

/// As many lines as may wait to be written. A caller that finds no room waits: no audit line is dropped.
const LINES_WAITING_MAX: usize = 4_096;

/// Sets the log up for a process that serves. Audit lines are written whatever the filter says, and the migrations' own
/// account of themselves is left out.
///
/// Lines are written by a thread of their own, many at a time under load. The guard writes what is left when it is
/// dropped.
pub(super) fn begin(config: &Config) -> Result<WorkerGuard, Failure> {
    let mut filter = EnvFilter::builder()
        .parse(&config.log)
        .map_err(Failure::other)?;
    for directive in [
        format!("{}=info", audit::TARGET),
        "refinery_core=warn".to_owned(),
    ] {
        filter = filter.add_directive(directive.parse().map_err(Failure::other)?);
    }
    let terminal = io::stderr().is_terminal();
    let (writer, guard) = NonBlockingBuilder::default()
        .lossy(false)
        .buffered_lines_limit(LINES_WAITING_MAX)
        .finish(BufWriter::new(io::stderr()));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer);
    let format = config.log_format.unwrap_or(if terminal {
        LogFormat::Text
    } else {
        LogFormat::Json
    });
    match format {
        LogFormat::Json => lines.event_format(JsonLine).init(),
        LogFormat::Text => lines.with_ansi(terminal).init(),
    }
    panics::log_place_only();
    Ok(guard)
}
