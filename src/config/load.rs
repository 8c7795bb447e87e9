//! The configuration of a process: its settings, and the rules between them.

use std::path::PathBuf;

use super::environment::Environment;
use super::file::ConfigFile;
use super::problem::{ConfigErrors, Problem, did_you_mean};
use super::settings::{CONFIG_FILE, Config, SETTINGS, TABLES};
use super::sources::{ConfigArgs, Origin, Setting, Sources};

/// Loads the configuration of a process that listens: flags, then environment variables, then the file, then defaults.
///
/// A value that a source of higher precedence overrides is checked all the same.
///
/// # Errors
///
/// Every value that is refused, at once. On an address that other machines reach, callers must be authenticated by the
/// plan's own issuer or authority, and the plan must be named: the development identity and the default plan stay on
/// loopback.
pub fn load(args: &ConfigArgs, environment: &Environment) -> Result<Config, ConfigErrors> {
    let (config, mut problems) = read(args, environment);
    if !config.listen.ip().to_canonical().is_loopback() {
        let origins = &config.origins;
        let mut refuse = |reason: &str| {
            let message = format!("`{}` is open to other machines, {reason}", config.listen);
            problems.push(Problem::new(origins.place("listen"), message));
        };
        let settings = ["auth_jwks", "auth_issuer", "auth_audience", "tls_client_ca"];
        if !settings.iter().any(|key| origins.has(key)) {
            refuse(
                "and without `auth_jwks`, `auth_issuer` and `auth_audience` or `tls_client_ca` anyone could act as anyone: \
                 configure how callers are authenticated, or listen on loopback such as `127.0.0.1:50051`",
            );
        }
        if !config.has_own_plan() {
            refuse(&format!(
                "and without a `[plan]` in the file letters would name {}: set `plan.name`, `plan.member_services`, \
                 `plan.grievance_coordinator` and `plan.appeals`, or listen on loopback such as `127.0.0.1:50051`",
                config.plan.name
            ));
        }
    }
    finish(config, problems)
}

/// Loads the configuration of a process that does not listen, such as `migrate` or `evaluate`: as [`load`], without its
/// rules on loopback.
///
/// # Errors
///
/// Every value that is refused, at once.
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

fn read(args: &ConfigArgs, environment: &Environment) -> (Config, Vec<Problem>) {
    let variables = SETTINGS.iter().chain([&CONFIG_FILE]).map(Setting::variable);
    let mut problems = environment.problems(&variables.collect::<Vec<_>>());
    let file = open(args, environment, &mut problems);
    let known = || {
        let settings = SETTINGS.iter().map(|setting| setting.key);
        settings.chain(TABLES.iter().copied())
    };
    for key in file.keys().filter(|key| !known().any(|it| it == *key)) {
        let hint = did_you_mean(key, known());
        problems.push(Problem::at(key, format!("no such key{hint}")));
    }
    let (config, mut problems) = Config::read(Sources::new(args, environment, file, problems));
    let mut all_or_none = |keys: &[&str]| {
        let (given, absent): (Vec<&str>, Vec<&str>) =
            keys.iter().partition(|key| config.origins.has(key));
        if let Some(first) = given.first() {
            problems.extend(absent.into_iter().map(|key| {
                let message = format!("expected `{key}` to be set too");
                Problem::new(config.origins.place(first), message)
            }));
        }
    };
    all_or_none(&["auth_jwks", "auth_issuer", "auth_audience"]);
    if config.origins.has("tls_client_ca") {
        all_or_none(&["tls_client_ca", "tls_cert", "tls_key"]);
    } else {
        all_or_none(&["tls_cert", "tls_key"]);
    }
    if config.listen == config.ops_listen && config.listen.port() != 0 {
        let message = format!(
            "expected another address than gRPC's, got `{}` too",
            config.ops_listen
        );
        problems.push(Problem::new(config.origins.place("ops_listen"), message));
    }
    (config, problems)
}

/// Reads the file that a flag or a variable names.
fn open(args: &ConfigArgs, environment: &Environment, problems: &mut Vec<Problem>) -> ConfigFile {
    let variable = CONFIG_FILE.variable();
    let (origin, path) = match (args.get(&CONFIG_FILE), environment.get(&variable)) {
        (Some(path), _) => (Origin::Flag, path),
        (None, Some(path)) => (Origin::Environment, path),
        (None, None) => return ConfigFile::default(),
    };
    if path.is_empty() {
        let place = origin.place(&CONFIG_FILE);
        problems.push(Problem::new(place, "expected a path, got ``"));
        return ConfigFile::default();
    }
    ConfigFile::read(PathBuf::from(path), problems)
}
