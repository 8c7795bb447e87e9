//! Which of flag, variable, file and default holds, and do the values fit each other?

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::args::{ConfigArgs, Setting};
use super::environment::{CONFIG, Environment};
use super::error::{ConfigErrors, Problem};
use super::file::ConfigFile;
use super::show::{Origin, Origins};
use super::{Config, JwtAuth, Tls, values};
use crate::identity::JwksLocation;
use second_opinion_store::StoreUrl;
use second_opinion_store::redact_url;

/// Reads the whole configuration for a process that listens: flags over environment over file over defaults.
///
/// A value that another one overrides is judged all the same.
///
/// # Errors
///
/// Every value that cannot be taken, at once; also where the development identity would be offered to other
/// machines (no token keys, no client CA, and an address that is not loopback).
pub fn load(args: &ConfigArgs, environment: &Environment) -> Result<Config, ConfigErrors> {
    let (config, mut problems) = read(args, environment);
    let auth_is_wanted = config.origins.has_any(&[
        Setting::AuthJwks,
        Setting::AuthIssuer,
        Setting::AuthAudience,
    ]);
    let tls_is_wanted = config.origins.has_any(&[Setting::TlsClientCa]);
    if !auth_is_wanted && !tls_is_wanted && !is_loopback(&config) {
        problems.push(Problem::new(
            config.origins.source(Setting::Listen),
            format!(
                "`{}` is open to other machines, and without `auth_jwks`, `auth_issuer` and `auth_audience` or \
                 `tls_client_ca` anyone could act as anyone: configure who calls, or listen on loopback such as \
                 `127.0.0.1:50051`",
                config.listen
            ),
        ));
    }
    finish(config, problems)
}

/// Reads the whole configuration for a process that does not listen, such as `migrate` or `evaluate`: as
/// [`load`], without its rule on loopback.
///
/// # Errors
///
/// Every value that cannot be taken, at once.
pub fn load_offline(args: &ConfigArgs, environment: &Environment) -> Result<Config, ConfigErrors> {
    let (config, problems) = read(args, environment);
    finish(config, problems)
}

fn finish(config: Config, problems: Vec<Problem>) -> Result<Config, ConfigErrors> {
    if problems.is_empty() {
        Ok(config)
    } else {
        Err(ConfigErrors::new(problems))
    }
}

fn is_loopback(config: &Config) -> bool {
    config.listen.ip().to_canonical().is_loopback()
}

fn read(args: &ConfigArgs, environment: &Environment) -> (Config, Vec<Problem>) {
    let mut problems = environment.problems();
    let file = match (args.config.as_deref(), environment.get(CONFIG)) {
        (Some(""), _) => {
            problems.push(Problem::new("flag `--config`", "expected a path, got ``"));
            ConfigFile::default()
        }
        (None, Some("")) => {
            problems.push(Problem::new(
                format!("variable `{CONFIG}`"),
                "expected a path, got ``",
            ));
            ConfigFile::default()
        }
        (Some(path), _) | (None, Some(path)) => {
            ConfigFile::read(PathBuf::from(path), &mut problems)
        }
        (None, None) => ConfigFile::default(),
    };
    Reading {
        args,
        environment,
        file,
        problems,
        origins: Origins::default(),
    }
    .read()
}

/// The sources while they are read, and what was found wrong so far.
struct Reading<'a> {
    args: &'a ConfigArgs,
    environment: &'a Environment,
    file: ConfigFile,
    problems: Vec<Problem>,
    origins: Origins,
}

impl Reading<'_> {
    fn read(mut self) -> (Config, Vec<Problem>) {
        let default = Config::default();
        let data = self
            .take(Setting::Data, values::path)
            .unwrap_or(default.data);
        let in_data = data.display().to_string();
        let store = self
            .take(Setting::Store, |text| {
                StoreUrl::parse(&text.replace("{data}", &in_data))
            })
            .unwrap_or_else(|| StoreUrl::Sqlite(data.join(super::STORE_FILE)));
        let mut config = Config {
            listen: self
                .take(Setting::Listen, values::address)
                .unwrap_or(default.listen),
            ops_listen: self
                .take(Setting::OpsListen, values::address)
                .unwrap_or(default.ops_listen),
            data,
            store,
            auth: self.auth(),
            tls: self.tls(),
            log: self
                .take(Setting::Log, values::log_filter)
                .unwrap_or(default.log),
            log_format: self.take(Setting::LogFormat, values::log_format),
            audit: self
                .take(Setting::Audit, values::audit)
                .unwrap_or(default.audit),
            otlp_endpoint: self.take(Setting::OtlpEndpoint, values::endpoint),
            trace_ratio: self
                .take(Setting::TraceRatio, values::ratio)
                .unwrap_or(default.trace_ratio),
            max_calls: self
                .take(Setting::MaxCalls, values::count)
                .unwrap_or(default.max_calls),
            max_deadline: self
                .take(Setting::MaxDeadline, values::limit)
                .unwrap_or(default.max_deadline),
            drain_grace: self
                .take(Setting::DrainGrace, values::grace)
                .unwrap_or(default.drain_grace),
            plan: self.file.plan(&mut self.problems),
            notices: self.file.notices(&mut self.problems),
            closures: self.file.closures(&mut self.problems),
            law_limits: self
                .file
                .law_limits(&mut self.problems)
                .unwrap_or(default.law_limits),
            sweeper_rungs: self
                .file
                .sweeper_rungs(&mut self.problems)
                .unwrap_or(default.sweeper_rungs),
            callers: self.file.callers(&mut self.problems),
            web_origins: self.file.web_origins(&mut self.problems),
            origins: Origins::default(),
        };
        if config.listen == config.ops_listen && config.listen.port() != 0 {
            let message = format!(
                "expected another address than gRPC's, got `{}` too",
                config.ops_listen
            );
            self.problems.push(Problem::new(
                self.origins.source(Setting::OpsListen),
                message,
            ));
        }
        self.origins.note_file(&self.file);
        config.origins = self.origins;
        (config, self.problems)
    }

    /// All three or none. With none, a client CA or the development identity stands in.
    fn auth(&mut self) -> Option<JwtAuth> {
        let settings = [
            Setting::AuthJwks,
            Setting::AuthIssuer,
            Setting::AuthAudience,
        ];
        let jwks = self.take(Setting::AuthJwks, JwksLocation::parse);
        let issuer = self.take(Setting::AuthIssuer, values::words);
        let audience = self.take(Setting::AuthAudience, values::words);
        self.refuse_part_of(&settings);
        Some(JwtAuth {
            jwks: jwks?,
            issuer: issuer?,
            audience: audience?,
        })
    }

    /// A certificate and its key, or neither; a client CA needs both.
    fn tls(&mut self) -> Option<Tls> {
        let cert = self.take(Setting::TlsCert, values::path);
        let key = self.take(Setting::TlsKey, values::path);
        let client_ca = self.take(Setting::TlsClientCa, values::path);
        if self.origins.has_any(&[Setting::TlsClientCa]) {
            self.refuse_part_of(&[Setting::TlsClientCa, Setting::TlsCert, Setting::TlsKey]);
        } else {
            self.refuse_part_of(&[Setting::TlsCert, Setting::TlsKey]);
        }
        Some(Tls {
            cert: cert?,
            key: key?,
            client_ca,
        })
    }

    /// Where some of the settings are given, names each that is not.
    fn refuse_part_of(&mut self, settings: &[Setting]) {
        let (given, missing): (Vec<Setting>, Vec<Setting>) = settings
            .iter()
            .partition(|setting| self.origins.has_any(&[**setting]));
        if let Some(first) = given.first() {
            for setting in missing {
                let source = self.origins.source(*first);
                let message = format!("expected `{}` to be given too", setting.key());
                self.problems.push(Problem::new(source, message));
            }
        }
    }

    /// The value that holds, with every value that was given judged on the way.
    fn take<T>(
        &mut self,
        setting: Setting,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let variable = setting.variable();
        let in_file = self.file.setting(setting, &mut self.problems);
        let sources = [
            (Origin::Flag, setting.given_by_flag(self.args)),
            (Origin::Environment, self.environment.get(&variable)),
            (Origin::File, in_file),
        ];
        let mut held = None;
        for (origin, text) in sources {
            let Some(text) = text else { continue };
            let parsed = parse(text);
            if let Err(expected) = &parsed {
                let got = redact_url(text);
                let message = format!("expected {expected}, got `{}`", got.escape_debug());
                self.problems
                    .push(Problem::new(origin.source(setting), message));
            }
            if held.is_none() {
                self.origins.note(setting, origin);
                held = Some(parsed.ok());
            }
        }
        held.flatten()
    }
}

impl Default for Config {
    /// What holds where nothing is configured.
    fn default() -> Self {
        let data = PathBuf::from("second-opinion-data");
        Self {
            listen: ([127, 0, 0, 1], 50051).into(),
            ops_listen: ([127, 0, 0, 1], 9464).into(),
            store: StoreUrl::Sqlite(data.join(super::STORE_FILE)),
            data,
            auth: None,
            tls: None,
            log: "info".into(),
            log_format: None,
            audit: super::AuditSink::Log,
            otlp_endpoint: None,
            trace_ratio: 1.0,
            max_calls: 1_024,
            max_deadline: Duration::from_secs(30),
            drain_grace: Duration::from_secs(25),
            plan: crate::plan::Plan::default(),
            notices: crate::notice::NoticeSettings::default(),
            closures: Vec::new(),
            law_limits: true,
            sweeper_rungs: vec![50, 75, 90],
            callers: BTreeMap::new(),
            web_origins: Vec::new(),
            origins: Origins::default(),
        }
    }
}
