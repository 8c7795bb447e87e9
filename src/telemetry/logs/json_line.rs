//! How does a line of the log look as JSON? One flat object: instant, level, the event's fields, target.
//!
//! Every call leaves a line, so it is written straight into one buffer: a serializer that serves every shape takes four
//! times as long, which was a twentieth of a read.

use std::fmt::{self, Write as _};

use chrono::Utc;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_log::NormalizeEvent as _;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::call;
use crate::rules::instant;

/// As many bytes as an audit line takes, so that its buffer grows seldom.
const USUAL_BYTES: usize = 512;
/// The field in which an event says itself which call it is about.
const REQUEST_ID: &str = "request_id";

/// The shape.
pub(super) struct JsonLine;

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        // What another crate said through `log` is told as its own.
        let normalized = event.normalized_metadata();
        let metadata = normalized.as_ref().unwrap_or_else(|| event.metadata());
        let mut line = Line {
            buffer: String::with_capacity(USUAL_BYTES),
            names_call: false,
        };
        line.buffer.push_str("{\"timestamp\":\"");
        instant::push(&mut line.buffer, &Utc::now());
        line.buffer.push_str("\",\"level\":\"");
        line.buffer.push_str(metadata.level().as_str());
        line.buffer.push('"');
        event.record(&mut line);
        line.call();
        line.name("target");
        line.text(metadata.target());
        line.buffer.push_str("}\n");
        writer.write_str(&line.buffer)
    }
}

/// A line as far as it is written.
struct Line {
    buffer: String,
    /// Whether the event says itself which call it is about.
    names_call: bool,
}

impl Line {
    fn name(&mut self, name: &str) {
        self.names_call |= name == REQUEST_ID;
        self.buffer.push(',');
        self.text(name);
        self.buffer.push(':');
    }

    /// By what the call that is being answered can be asked about.
    fn call(&mut self) {
        let Some(call) = call::current().filter(|_| !self.names_call) else {
            return;
        };
        self.plain(format_args!(",\"{REQUEST_ID}\":\"{}\"", call.id));
        if let Some(trace) = call.trace {
            self.plain(format_args!(",\"trace_id\":\"{trace}\""));
        }
    }

    /// A string as JSON writes it.
    fn text(&mut self, text: &str) {
        self.buffer.push('"');
        self.escaped(text);
        self.buffer.push('"');
    }

    fn escaped(&mut self, text: &str) {
        let must_escape = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
        let mut written = 0;
        for (at, byte) in text.bytes().enumerate() {
            if must_escape(byte) {
                // INVARIANT: such a byte is a character of its own, so both ends are between characters.
                self.buffer.push_str(&text[written..at]);
                match byte {
                    b'"' => self.buffer.push_str("\\\""),
                    b'\\' => self.buffer.push_str("\\\\"),
                    _ => self.plain(format_args!("\\u{byte:04x}")),
                }
                written = at + 1;
            }
        }
        self.buffer.push_str(&text[written..]);
    }

    fn plain(&mut self, shown: fmt::Arguments<'_>) {
        // INVARIANT: a string grows as it needs to, so writing into it cannot fail.
        let _ = self.buffer.write_fmt(shown);
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        if !is_of_log(field) {
            self.name(field.name());
            self.text(value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if is_of_log(field) {
            return;
        }
        self.name(field.name());
        self.buffer.push('"');
        let _ = write!(Escaping(self), "{value:?}");
        self.buffer.push('"');
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.name(field.name());
        self.plain(format_args!("{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if !is_of_log(field) {
            self.name(field.name());
            self.plain(format_args!("{value}"));
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.name(field.name());
        self.plain(format_args!("{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.name(field.name());
        // JSON has no other numbers.
        if value.is_finite() {
            self.plain(format_args!("{value}"));
        } else {
            self.buffer.push_str("null");
        }
    }
}

/// Whether a field is the `log` crate's own account of where a line came from. The target says it already, and the file
/// is a path on the machine that built this.
fn is_of_log(field: &Field) -> bool {
    field.name().starts_with("log.")
}

/// Writes into a line, escaped.
struct Escaping<'a>(&'a mut Line);

impl fmt::Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.escaped(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("a lock").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_is_one_object_whatever_stands_in_it() {
        let written = Written::default();
        let sink = written.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || sink.clone())
            .event_format(JsonLine)
            .finish();
        let odd = "a \"quote\" \\ \n\u{1} é \u{202e}";
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(
                target: "audit",
                text = odd,
                shown = %odd,
                debug = ?odd,
                number = -3,
                big = u64::MAX,
                share = 0.5,
                none = f64::NAN,
                yes = true,
                log.file = "canary",
                log.line = 7_u64,
                "call {odd}"
            );
        });
        let bytes = written.0.lock().expect("a lock").clone();
        let text = String::from_utf8(bytes).expect("text");
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        let line: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!((&line["text"], &line["shown"]), (&odd.into(), &odd.into()));
        assert_eq!(line["debug"], format!("{odd:?}"));
        assert_eq!(line["message"], format!("call {odd}"));
        assert!(!text.contains("log."), "{text}");
        assert_eq!(line["number"], -3);
        assert_eq!(line["big"], u64::MAX);
        assert_eq!(line["share"], 0.5);
        assert!(line["none"].is_null());
        assert_eq!(line["yes"], true);
        assert_eq!(
            (&line["level"], &line["target"]),
            (&"INFO".into(), &"audit".into())
        );
        let instant = line["timestamp"].as_str().expect("text");
        assert!(
            instant.parse::<chrono::DateTime<Utc>>().is_ok(),
            "{instant}"
        );
    }
}
