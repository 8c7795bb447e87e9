//! How is each kind of value read, and what is expected where it cannot be?
//!
//! Every reader gives the value, or what was expected as a phrase that goes on from "expected".

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use http::Uri;
use tracing_subscriber::EnvFilter;

use crate::telemetry::audit::AuditSink;
use crate::telemetry::logs::LogFormat;

/// The longest time that a setting may name: beyond a day, a typing slip is likelier than a wish.
const DURATION_MAX: Duration = Duration::from_hours(24);

// === the readers ===

pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "an address and a port such as `127.0.0.1:50051`".into())
}

pub(super) fn path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() {
        Err("a path".into())
    } else {
        Ok(text.into())
    }
}

pub(super) fn words(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        Err("a text".into())
    } else {
        Ok(text.to_owned())
    }
}

pub(super) fn endpoint(text: &str) -> Result<String, String> {
    if is_web_url(text, &["http", "https"]) {
        return Ok(text.to_owned());
    }
    Err("an http or https URL such as `http://127.0.0.1:4317`, without credentials in it".into())
}

/// An origin as browsers send it: no path, no closing slash, lower case.
pub(super) fn origin(text: &str) -> Result<String, String> {
    let is_bare = text
        .split_once("://")
        .is_some_and(|(_, rest)| !rest.contains(['/', '?', '#']));
    if is_bare && is_web_url(text, &["http", "https"]) && text.to_lowercase() == text {
        return Ok(text.to_owned());
    }
    Err(
        "an origin such as `https://reviewers.example.org`, without a path and in lower case"
            .into(),
    )
}

pub(super) fn log_filter(text: &str) -> Result<String, String> {
    match EnvFilter::builder().parse(text) {
        Ok(_) if !text.trim().is_empty() => Ok(text.to_owned()),
        _ => Err("a filter such as `info` or `info,second_opinion=debug`".into()),
    }
}

pub(super) fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "json" => Ok(LogFormat::Json),
        "text" => Ok(LogFormat::Text),
        _ => Err("`json` or `text`".into()),
    }
}

/// A file that is called like one of the words is named with its folder, such as `./log`.
pub(super) fn audit(text: &str) -> Result<AuditSink, String> {
    match text {
        "log" => Ok(AuditSink::Log),
        "stdout" => Ok(AuditSink::Stdout),
        "" => Err("`log`, `stdout` or a file".into()),
        path => Ok(AuditSink::File(path.into())),
    }
}

/// A number of calls: where none were answered there would be no service.
pub(super) fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=1_000_000) => Ok(number),
        _ => Err("a number from `1` to `1000000`".into()),
    }
}

pub(super) fn ratio(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("a share from `0` to `1`, such as `0.05`".into()),
    }
}

/// A time above zero.
pub(super) fn limit(text: &str) -> Result<Duration, String> {
    match read_duration(text) {
        Some(time) if !time.is_zero() => Ok(time),
        _ => Err("a time above zero and up to 24h, such as `500ms`, `30s` or `2m`".into()),
    }
}

/// A time; zero is no time at all.
pub(super) fn grace(text: &str) -> Result<Duration, String> {
    read_duration(text).ok_or_else(|| "a time up to 24h, such as `500ms`, `30s` or `2m`".into())
}

fn read_duration(text: &str) -> Option<Duration> {
    let unit_at = text.find(|sign: char| !sign.is_ascii_digit())?;
    let (amount, unit) = text.split_at(unit_at);
    let milliseconds_per_unit: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    let time = Duration::from_millis(
        amount
            .parse::<u64>()
            .ok()?
            .checked_mul(milliseconds_per_unit)?,
    );
    (time <= DURATION_MAX).then_some(time)
}

/// The time in the largest unit that loses nothing: `2m`, `90s`, `500ms`.
pub(super) fn show_duration(time: Duration) -> String {
    let milliseconds = time.as_millis();
    match milliseconds {
        0 => "0s".into(),
        whole if whole % 3_600_000 == 0 => format!("{}h", whole / 3_600_000),
        whole if whole % 60_000 == 0 => format!("{}m", whole / 60_000),
        whole if whole % 1_000 == 0 => format!("{}s", whole / 1_000),
        whole => format!("{whole}ms"),
    }
}

fn is_web_url(text: &str, schemes: &[&str]) -> bool {
    let Ok(uri) = text.parse::<Uri>() else {
        return false;
    };
    let scheme_fits = uri
        .scheme_str()
        .is_some_and(|scheme| schemes.contains(&scheme));
    let host_fits = uri
        .authority()
        .is_some_and(|it| !it.host().is_empty() && !it.as_str().contains('@'));
    scheme_fits && host_fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit_and_an_end() {
        for (text, milliseconds) in [
            ("30s", 30_000),
            ("500ms", 500),
            ("2m", 120_000),
            ("24h", 86_400_000),
        ] {
            assert_eq!(limit(text), Ok(Duration::from_millis(milliseconds)));
            assert_eq!(show_duration(Duration::from_millis(milliseconds)), text);
        }
        for bad in [
            "",
            "30",
            "s",
            "-1s",
            "1.5s",
            "30 s",
            "25h",
            "0s",
            "30S",
            "99999999999999999999s",
        ] {
            assert!(limit(bad).is_err(), "{bad}");
        }
        assert_eq!(grace("0s"), Ok(Duration::ZERO));
        assert_eq!(show_duration(Duration::from_secs(90)), "90s");
    }

    #[test]
    fn origins_are_as_browsers_send_them() {
        for good in ["https://reviewers.example.org", "http://localhost:3000"] {
            assert_eq!(origin(good), Ok(good.into()));
        }
        for bad in [
            "*",
            "null",
            "https://a.example/",
            "https://A.example",
            "ftp://a.example",
            "a.example",
        ] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn log_settings_are_checked() {
        assert!(log_filter("info,second_opinion=debug").is_ok());
        assert!(log_filter("second_opinion=loud").is_err());
        assert!(log_filter("").is_err());
        assert_eq!(log_format("json"), Ok(LogFormat::Json));
        assert!(log_format("JSON").is_err());
        for sink in ["log", "stdout", "./log", "/var/log/audit.json"] {
            assert_eq!(
                audit(sink).map(|read| read.to_string()),
                Ok(sink.to_owned())
            );
        }
        assert_eq!(audit("./log"), Ok(AuditSink::File("./log".into())));
        assert!(audit("").is_err());
    }

    #[test]
    fn a_number_of_calls_is_one_at_least() {
        assert_eq!(
            ["1", "1024", "1000000"].map(count),
            [Ok(1), Ok(1_024), Ok(1_000_000)]
        );
        for bad in ["", "0", "-1", "1.5", "1000001", "many"] {
            assert!(count(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_share_is_from_nothing_to_all() {
        assert_eq!(["0", "1", "0.05"].map(ratio), [Ok(0.0), Ok(1.0), Ok(0.05)]);
        for bad in ["", "5%", "1.01", "-0.1", "NaN", "inf"] {
            assert!(ratio(bad).is_err(), "{bad}");
        }
    }
}
