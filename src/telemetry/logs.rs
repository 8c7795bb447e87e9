//! Log lines on standard error: text on a terminal, else JSON.
//!
//! A line that is written while a call is answered carries the call's ids by its span ([`call_span`]). Lines are written
//! as they occur, so that a process that is killed has lost none. What libraries say through the `log` crate is not
//! taken: at `debug` the PostgreSQL client's lines hold what is stored.

use std::fmt;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::sync::Arc;

use opentelemetry::trace::TraceId;
use thiserror::Error;
use tracing::level_filters::LevelFilter;
use tracing::{Span, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry};
use uuid::Uuid;

use super::audit::{self, AuditSink};

/// The target of the spans that calls are answered in.
const CALL: &str = "call";
/// Directives on top of the configured filter: a call's span is there for each of its lines, and audit lines have a
/// layer of their own.
const DIRECTIVES: [&str; 2] = ["call=error", "audit=off"];

/// The shape of log lines.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LogFormat {
    /// One JSON document a line.
    Json,
    /// Text for people.
    Text,
}

impl fmt::Display for LogFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Json => "json",
            Self::Text => "text",
        })
    }
}

/// The settings of the log.
#[derive(Clone, Copy, Debug)]
pub struct LogSettings<'a> {
    /// The filter, in the form of tracing's directives.
    pub filter: &'a str,
    /// The shape of lines; `None`: text on a terminal, else JSON.
    pub format: Option<LogFormat>,
    /// Where audit lines go.
    pub audit: &'a AuditSink,
}

/// A log that cannot be set up.
#[derive(Debug, Error)]
pub enum LogError {
    /// The audit file cannot be opened.
    #[error("cannot write audit lines to `{path}`: {cause}")]
    Audit {
        /// The file.
        path: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
    /// The filter does not parse.
    #[error("the log filter does not parse: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The process has a log already.
    #[error("the log is set up already")]
    Twice,
}

/// Sets the log of the process up, on standard error.
///
/// # Errors
/// When the filter does not parse, the audit file cannot be opened, or the process has a log already.
pub fn init(settings: LogSettings<'_>) -> Result<(), LogError> {
    init_to(io::stderr, settings, io::stderr().is_terminal())
}

/// Sets the log of the process up, on another writer than standard error.
///
/// # Errors
/// As [`init`].
pub fn init_to<W>(log: W, settings: LogSettings<'_>, is_terminal: bool) -> Result<(), LogError>
where
    W: for<'writer> MakeWriter<'writer> + Clone + Send + Sync + 'static,
{
    let subscriber = subscriber(log, settings, is_terminal)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogError::Twice)?;
    log_panics();
    Ok(())
}

fn subscriber<W>(
    log: W,
    settings: LogSettings<'_>,
    is_terminal: bool,
) -> Result<impl Subscriber + Send + Sync + 'static, LogError>
where
    W: for<'writer> MakeWriter<'writer> + Clone + Send + Sync + 'static,
{
    let format = settings.format.unwrap_or(if is_terminal {
        LogFormat::Text
    } else {
        LogFormat::Json
    });
    let mut filter = EnvFilter::builder().parse(settings.filter)?;
    for directive in DIRECTIVES {
        filter = filter.add_directive(directive.parse()?);
    }
    let audit = match settings.audit {
        AuditSink::Log => lines(log.clone(), format, is_terminal),
        AuditSink::Stdout => lines(io::stdout, LogFormat::Json, false),
        AuditSink::File(path) => {
            let file = audit::open(path).map_err(|cause| LogError::Audit {
                path: path.clone(),
                cause,
            })?;
            lines(Arc::new(file), LogFormat::Json, false)
        }
    };
    let is_audit = filter_fn(|metadata| metadata.target() == audit::TARGET);
    let layers = vec![
        lines(log, format, is_terminal).with_filter(filter).boxed(),
        audit
            .with_filter(is_audit.with_max_level_hint(LevelFilter::INFO))
            .boxed(),
    ];
    Ok(Registry::default().with(layers))
}

/// A layer that writes lines of one shape.
fn lines<W>(
    writer: W,
    format: LogFormat,
    has_colors: bool,
) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(has_colors);
    match format {
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .boxed(),
        LogFormat::Text => lines.boxed(),
    }
}

/// Logs where each panic was and never its message, which may hold a person's data.
fn log_panics() {
    std::panic::set_hook(Box::new(|info| {
        tracing::error!(
            place = info.location().map(tracing::field::display),
            "panic"
        );
    }));
}

/// The span that a call is answered in: each of its log lines has the span's fields.
#[must_use]
pub fn call_span(request_id: Uuid, trace_id: Option<TraceId>) -> Span {
    tracing::error_span!(
        target: CALL,
        parent: None,
        "call",
        %request_id,
        trace_id = trace_id.map(tracing::field::display),
    )
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use serde_json::Value;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            written.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The lines that `work` writes.
    fn written(filter: &str, format: Option<LogFormat>, work: impl FnOnce()) -> String {
        let written = Written::default();
        let settings = LogSettings {
            filter,
            format,
            audit: &AuditSink::Log,
        };
        let log = written.clone();
        let subscriber = subscriber(move || log.clone(), settings, false).expect("a log");
        tracing::subscriber::with_default(subscriber, work);
        let bytes = written.0.lock().expect("a lock").clone();
        String::from_utf8(bytes).expect("UTF-8")
    }

    fn json(line: &str) -> Value {
        assert_eq!(line.matches('\n').count(), 1, "{line}");
        serde_json::from_str(line).expect("JSON")
    }

    #[test]
    fn json_line_is_one_flat_object_whatever_its_fields_hold() {
        let odd = "a \"quote\" \\ \n\u{1} é \u{202e}";
        let line = json(&written("info", None, || {
            tracing::info!(
                target: "somewhere",
                text = odd,
                shown = %odd,
                debug = ?odd,
                number = -3,
                big = u64::MAX,
                share = 0.5,
                none = f64::NAN,
                yes = true,
                "call {odd}"
            );
        }));
        assert_eq!((&line["text"], &line["shown"]), (&odd.into(), &odd.into()));
        assert_eq!(line["debug"], format!("{odd:?}"));
        assert_eq!(line["message"], format!("call {odd}"));
        assert_eq!(
            (&line["number"], &line["big"]),
            (&(-3).into(), &u64::MAX.into())
        );
        assert_eq!((&line["share"], &line["yes"]), (&0.5.into(), &true.into()));
        assert!(line["none"].is_null());
        assert_eq!(
            (&line["level"], &line["target"]),
            (&"INFO".into(), &"somewhere".into())
        );
        let timestamp = line["timestamp"].as_str().expect("text");
        assert!(timestamp.parse::<chrono::DateTime<chrono::Utc>>().is_ok());
        assert!(timestamp.ends_with('Z'), "{timestamp}");
    }

    #[test]
    fn line_within_a_call_has_the_ids_of_the_call() {
        let (id, trace) = (Uuid::now_v7(), TraceId::from(7));
        let work = |trace| move || call_span(id, trace).in_scope(|| tracing::error!("within"));
        for filter in ["trace", "error", "second_opinion=warn"] {
            let line = json(&written(filter, None, work(Some(trace))));
            assert_eq!(line["span"]["request_id"], id.to_string(), "{filter}");
            assert_eq!(line["span"]["trace_id"], trace.to_string(), "{filter}");
            assert_eq!(line.get("spans"), None);
        }
        let line = json(&written("info", None, work(None)));
        assert_eq!(line["span"]["request_id"], id.to_string());
        assert_eq!(line["span"].get("trace_id"), None);
        let line = json(&written("info", None, || tracing::error!("without")));
        assert_eq!(line.get("span"), None);
        let text = written("info", Some(LogFormat::Text), work(Some(trace)));
        assert!(
            text.contains(&id.to_string()) && text.contains("within"),
            "{text}"
        );
    }

    #[test]
    fn audit_lines_are_written_whatever_the_filter_says() {
        for filter in ["trace", "off", "audit=off", "audit[call]=off,error"] {
            let line = json(&written(filter, None, || {
                let id = Uuid::nil();
                call_span(id, None).in_scope(|| {
                    tracing::info!(target: audit::TARGET, request_id = %id, "call");
                });
            }));
            assert_eq!(line["request_id"], Uuid::nil().to_string(), "{filter}");
            assert_eq!(line.get("span"), None, "{filter}");
        }
    }

    #[test]
    fn malformed_filter_is_refused() {
        let settings = LogSettings {
            filter: "second_opinion=loud",
            format: None,
            audit: &AuditSink::Log,
        };
        let refused = subscriber(io::sink, settings, false).err();
        assert!(matches!(refused, Some(LogError::Filter(_))));
    }
}
