//! The parsers of the settings' values.
//!
//! Each returns the value, or what was expected as a phrase that continues "expected …".

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use http::Uri;
use tracing_subscriber::EnvFilter;

use crate::telemetry::audit::AuditSink;
use crate::telemetry::logs::LogFormat;

/// The maximum of a duration: more than a day is likelier a typing error than a wish.
const DURATION_MAX: Duration = Duration::from_hours(24);

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

pub(super) fn text(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        Err("a text".into())
    } else {
        Ok(text.to_owned())
    }
}

pub(super) fn endpoint(text: &str) -> Result<String, String> {
    if is_web_url(text) {
        return Ok(text.to_owned());
    }
    Err("an http or https URL such as `http://127.0.0.1:4317`, without credentials in it".into())
}

/// An origin as browsers send it: no path, no closing slash, lower case.
pub(super) fn origin(text: &str) -> Result<String, String> {
    let is_bare = text
        .split_once("://")
        .is_some_and(|(_, rest)| !rest.contains(['/', '?', '#']));
    if is_bare && is_web_url(text) && text.to_lowercase() == text {
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

/// A file with the name of one of the words is given with its folder, such as `./log`.
pub(super) fn audit(text: &str) -> Result<AuditSink, String> {
    match text {
        "log" => Ok(AuditSink::Log),
        "stdout" => Ok(AuditSink::Stdout),
        "" => Err("`log`, `stdout` or a file".into()),
        path => Ok(AuditSink::File(path.into())),
    }
}

/// A number of calls: with none there would be no service.
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

/// A duration such as `500ms`, `30s`, `2m` or `1h 30m`; `0s` is none.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .ok()
        .filter(|duration| *duration <= DURATION_MAX)
        .ok_or_else(|| "a time up to 24h, such as `500ms`, `30s` or `2m`".into())
}

pub(super) fn duration_above_zero(text: &str) -> Result<Duration, String> {
    duration(text)
        .ok()
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "a time above zero and up to 24h, such as `500ms`, `30s` or `2m`".into())
}

fn is_web_url(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else {
        return false;
    };
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    let has_host = uri
        .authority()
        .is_some_and(|it| !it.host().is_empty() && !it.as_str().contains('@'));
    is_web && has_host
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duration_has_a_unit_and_a_maximum() {
        for (text, milliseconds) in [
            ("30s", 30_000),
            ("500ms", 500),
            ("2m", 120_000),
            ("24h", 86_400_000),
            ("1h 30m", 5_400_000),
        ] {
            let duration = Duration::from_millis(milliseconds);
            assert_eq!(duration_above_zero(text), Ok(duration), "{text}");
        }
        for bad in [
            "",
            "30",
            "s",
            "-1s",
            "25h",
            "0s",
            "30S",
            "99999999999999999999s",
        ] {
            assert!(duration_above_zero(bad).is_err(), "{bad}");
        }
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
    }

    #[test]
    fn origin_is_as_browsers_send_it() {
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
        for (sink, expected) in [
            ("log", AuditSink::Log),
            ("stdout", AuditSink::Stdout),
            ("./log", AuditSink::File("./log".into())),
            (
                "/var/log/audit.json",
                AuditSink::File("/var/log/audit.json".into()),
            ),
        ] {
            assert_eq!(audit(sink), Ok(expected));
        }
        assert!(audit("").is_err());
    }

    #[test]
    fn count_is_at_least_one() {
        assert_eq!(
            ["1", "1024", "1000000"].map(count),
            [Ok(1), Ok(1_024), Ok(1_000_000)]
        );
        for bad in ["", "0", "-1", "1.5", "1000001", "many"] {
            assert!(count(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn share_is_from_zero_to_one() {
        assert_eq!(["0", "1", "0.05"].map(ratio), [Ok(0.0), Ok(1.0), Ok(0.05)]);
        for bad in ["", "5%", "1.01", "-0.1", "NaN", "inf"] {
            assert!(ratio(bad).is_err(), "{bad}");
        }
    }
}
