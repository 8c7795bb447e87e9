//! Where do the log's lines go, and in which shape? To standard error: results alone go to standard output.
//!
//! Audit lines go among them, or to a sink of their own, from where they can be kept for longer.

mod gathering;
mod json_line;
mod panics;

use std::fs::OpenOptions;
use std::io::{self, IsTerminal as _, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use thiserror::Error;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Metadata, Subscriber};
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_log::{AsLog as _, LogTracer};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{Format, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use crate::call::AUDIT_TARGET;
use crate::config::{AuditSink, Config, LogFormat};
use gathering::Gathering;
use json_line::JsonLine;

/// As many lines as may wait to be written. A caller that finds no room waits: no audit line is dropped.
const LINES_WAITING_MAX: usize = 4_096;
/// Crates of which no line is taken, whatever the filter says. This one shows what goes into a query: members' data.
const NEVER_HEARD: [&str; 1] = ["tokio_postgres"];

/// The log cannot be set up.
#[derive(Debug, Error)]
pub enum LogError {
    /// The file for audit lines cannot be written to.
    #[error("audit lines cannot be written to `{path}`: {cause}")]
    Audit {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The filter is none, which no configuration that was read has.
    #[error("the log's filter cannot be used: {0}")]
    Filter(String),
    /// The process has a log already.
    #[error("the log was set up before")]
    Twice,
}

/// The threads that write lines. What is left is written when this is dropped.
pub struct Lines {
    _log: WorkerGuard,
    _audit: Option<WorkerGuard>,
}

/// Sets the log up for a process that serves.
///
/// # Errors
/// When the file for audit lines cannot be written to, or there is a log already.
pub fn begin(config: &Config) -> Result<Lines, LogError> {
    let terminal = io::stderr().is_terminal();
    begin_on(config, io::stderr(), terminal)
}

/// The same, with lines that go elsewhere than to standard error: to a terminal or not. Audit lines are written whatever
/// the filter says, and the migrations' own account of themselves is left out.
///
/// Lines are written by a thread of their own, many at a time under load.
///
/// # Errors
/// As [`begin`].
pub fn begin_on(
    config: &Config,
    log: impl Write + Send + 'static,
    terminal: bool,
) -> Result<Lines, LogError> {
    let (log, log_guard) = writing(log);
    let (audit, audit_guard) = match &config.audit {
        AuditSink::Log => None,
        AuditSink::Stdout => Some(writing(io::stdout())),
        AuditSink::File(path) => Some(writing(appended(path)?)),
    }
    .unzip();
    let format = config.log_format.unwrap_or(if terminal {
        LogFormat::Text
    } else {
        LogFormat::Json
    });
    let shape = Shape {
        text: match format {
            LogFormat::Json => None,
            LogFormat::Text => Some(Format::default()),
        },
        audit_apart: audit.is_some(),
    };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter(config)?)
        .with_ansi(terminal)
        .event_format(shape)
        .with_writer(Sinks { log, audit })
        .finish();
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogError::Twice)?;
    let mut others = LogTracer::builder().with_max_level(LevelFilter::current().as_log());
    for name in NEVER_HEARD {
        others = others.ignore_crate(name);
    }
    others.init().map_err(|_| LogError::Twice)?;
    panics::log_place_only();
    Ok(Lines {
        _log: log_guard,
        _audit: audit_guard,
    })
}

fn filter(config: &Config) -> Result<EnvFilter, LogError> {
    let unusable = |error: &dyn std::fmt::Display| LogError::Filter(error.to_string());
    let mut filter = EnvFilter::builder()
        .parse(&config.log)
        .map_err(|error| unusable(&error))?;
    for directive in [
        format!("{AUDIT_TARGET}=info"),
        "refinery_core=warn".to_owned(),
    ] {
        let directive = directive.parse();
        filter = filter.add_directive(directive.map_err(|error| unusable(&error))?);
    }
    Ok(filter)
}

fn writing(to: impl Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default()
        .lossy(false)
        .buffered_lines_limit(LINES_WAITING_MAX)
        .finish(Gathering::new(to))
}

/// A file at whose end is written, so that it may be cut from outside. It says who called about which case.
fn appended(path: &Path) -> Result<std::fs::File, LogError> {
    let opened = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path);
    opened.map_err(|cause| LogError::Audit {
        path: path.to_owned(),
        cause,
    })
}

/// Where lines go, by their target.
struct Sinks {
    log: NonBlocking,
    /// `None`: audit lines go with the others.
    audit: Option<NonBlocking>,
}

impl<'a> MakeWriter<'a> for Sinks {
    type Writer = NonBlocking;

    fn make_writer(&'a self) -> NonBlocking {
        self.log.clone()
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> NonBlocking {
        match &self.audit {
            Some(audit) if metadata.target() == AUDIT_TARGET => audit.clone(),
            Some(_) | None => self.log.clone(),
        }
    }
}

/// The shape of lines.
struct Shape {
    /// `None`: JSON.
    text: Option<Format>,
    /// Whether audit lines have a sink of their own. There they are JSON.
    audit_apart: bool,
}

impl<S, N> FormatEvent<S, N> for Shape
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        writer: Writer<'_>,
        event: &Event<'_>,
    ) -> std::fmt::Result {
        let is_apart = self.audit_apart && event.metadata().target() == AUDIT_TARGET;
        match &self.text {
            Some(text) if !is_apart => text.format_event(context, writer, event),
            Some(_) | None => JsonLine.format_event(context, writer, event),
        }
    }
}
