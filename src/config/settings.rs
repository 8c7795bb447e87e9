//! The table of settings: each setting is declared once, here.
//!
//! Its flag, its variable, its key in the file, its line in `check-config` and its row in `docs/configuration.md` follow
//! from the declaration, as does its field in [`Config`].

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use second_opinion_store::StoreUrl;
use toml::Table;

use super::problem::Problem;
use super::sources::{Origins, Setting, Sources};
use super::tables::{self, Calendar, Limits, Sweeper, Web};
use super::value;
use crate::identity::{JwksLocation, ScopeSet};
use crate::notice::NoticeSettings;
use crate::plan::Plan;
use crate::telemetry::audit::AuditSink;
use crate::telemetry::logs::LogFormat;

/// The path of the file itself, which a flag or a variable holds.
pub(super) static CONFIG_FILE: Setting = Setting {
    key: "config",
    value_name: "FILE",
    default: None,
    help: "The TOML file",
};

macro_rules! settings {
    (
        $($(#[doc = $help:literal])+ $key:ident: $type:ty, $value:literal, $parse:expr $(, default $default:literal)?;)+
        tables:
        $($(#[doc = $meaning:literal])+ $name:ident: $table:ty;)+
    ) => {
        /// The settings that a flag, a variable or a key of the file can hold.
        pub static SETTINGS: &[Setting] = &[$(Setting {
            key: stringify!($key),
            value_name: $value,
            default: [$(Some($default),)? None][0],
            help: concat!($($help),+),
        }),+];

        /// The tables that the file alone can hold.
        pub(super) static TABLES: &[&str] = &[$(stringify!($name)),+];

        /// The configuration. [`load`](super::load) reads it; the default is the one without flags, variables and file.
        #[derive(Clone, Debug)]
        pub struct Config {
            $($(#[doc = $help])+ pub $key: $type,)+
            $($(#[doc = $meaning])+ pub $name: $table,)+
            /// The origin of each value, for [`Config::show`].
            pub origins: Origins,
        }

        impl Config {
            /// Reads every setting from the first source that gives it.
            pub(super) fn read(mut sources: Sources<'_>) -> (Self, Vec<Problem>) {
                let config = Self {
                    $($key: {
                        let given = sources.take(setting(stringify!($key)), $parse);
                        // INVARIANT: a test parses every default.
                        $(let given = given.unwrap_or_else(|| sources.parse_default($default, $parse));)?
                        given
                    },)+
                    $($name: tables::read(stringify!($name), &mut sources),)+
                    origins: Origins::default(),
                };
                let (origins, problems) = sources.finish();
                (Self { origins, ..config }, problems)
            }

            /// The tables as the file would hold them.
            pub(super) fn tables(&self) -> Vec<(&'static str, Table)> {
                // INVARIANT: the tables hold texts, numbers, booleans, lists and tables, which TOML can hold.
                vec![$((stringify!($name), Table::try_from(&self.$name).unwrap_or_default())),+]
            }
        }
    };
}

settings! {
    /// Address of gRPC, and of gRPC-Web on the same port
    listen: SocketAddr, "ADDRESS:PORT", value::address, default "127.0.0.1:50051";
    /// Address of `/metrics`, `/livez` and `/readyz`, in the clear
    ops_listen: SocketAddr, "ADDRESS:PORT", value::address, default "127.0.0.1:9464";
    /// Folder of the embedded store and of the development key
    data: PathBuf, "FOLDER", value::path, default "second-opinion-data";
    /// `sqlite://PATH`, where `{data}` is the data folder, or `postgres://…`; give a URL with a password as the variable
    store: StoreUrl, "URL", StoreUrl::parse, default "sqlite://{data}/second-opinion.db";
    /// Keys that sign callers' tokens: a file or an https URL; with `auth_issuer` and `auth_audience`
    auth_jwks: Option<JwksLocation>, "FILE|URL", JwksLocation::parse;
    /// The `iss` of callers' tokens
    auth_issuer: Option<String>, "ISSUER", value::text;
    /// The `aud` of callers' tokens
    auth_audience: Option<String>, "AUDIENCE", value::text;
    /// Certificate chain of the server, PEM; read again when it changes
    tls_cert: Option<PathBuf>, "FILE", value::path;
    /// Private key of the server, PEM; read again when it changes
    tls_key: Option<PathBuf>, "FILE", value::path;
    /// Authority of callers' certificates, PEM; read again when it changes. `[callers]` lists the callers
    tls_client_ca: Option<PathBuf>, "FILE", value::path;
    /// Log filter, in the syntax of `tracing`; audit lines are written whatever the filter
    log: String, "FILTER", value::log_filter, default "info";
    /// `json` or `text`; when absent, text on a terminal and JSON elsewhere
    log_format: Option<LogFormat>, "FORMAT", value::log_format;
    /// Destination of audit lines: `log`, with the other lines; `stdout`; or a file to append to, as JSON
    audit: AuditSink, "log|stdout|FILE", value::audit, default "log";
    /// Collector of traces, over OTLP/gRPC, such as `http://127.0.0.1:4317`; when absent, no trace is sent
    otlp_endpoint: Option<String>, "URL", value::endpoint;
    /// Share of calls to trace where the caller did not decide in `traceparent`, 0 to 1
    trace_ratio: f64, "SHARE", value::ratio, default "1";
    /// Maximum number of concurrent calls; the others get `RESOURCE_EXHAUSTED` with a delay to retry after
    max_calls: usize, "NUMBER", value::count, default "1024";
    /// Maximum deadline of a call
    max_deadline: Duration, "DURATION", value::duration_above_zero, default "30s";
    /// Time to finish running calls after SIGTERM
    drain_grace: Duration, "DURATION", value::duration, default "25s";
tables:
    /// The plan that letters name.
    plan: Plan;
    /// The plan's choices about its letters.
    notices: NoticeSettings;
    /// The plan's closures besides the State's holidays.
    calendar: Calendar;
    /// The limits that apply.
    limits: Limits;
    /// The reminders before a due instant.
    sweeper: Sweeper;
    /// The scopes of each name (URI or DNS SAN) that a client certificate can carry.
    callers: BTreeMap<String, ScopeSet>;
    /// Callers from web pages (gRPC-Web).
    web: Web;
}

fn setting(key: &str) -> &'static Setting {
    let mut settings = SETTINGS.iter();
    // INVARIANT: the macro declares the setting and its field in one place.
    settings.find(|it| it.key == key).expect("a setting")
}

impl Default for Config {
    fn default() -> Self {
        Self::read(Sources::default()).0
    }
}
