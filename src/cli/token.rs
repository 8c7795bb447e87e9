//! `token`: signs a token of the development identity.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use clap::ValueEnum;

use super::failure::Failure;
use super::process::print;
use crate::config::Config;
use crate::identity::{ActorType, DevelopmentIdentity, Scope, ScopeSet};

/// The arguments of `token`.
#[derive(Clone, Debug, clap::Args)]
pub struct TokenArgs {
    /// The scopes, space-separated, in one argument
    #[arg(long, value_name = "\"A B …\"")]
    scope: String,
    /// Whether a person or a service calls; only a person can approve or deny
    #[arg(long, value_enum, default_value = "service")]
    actor_type: Actor,
    /// The token's lifetime, such as 30m or 8h
    #[arg(long, value_name = "DURATION", default_value = "8h")]
    ttl: String,
    /// The caller's name
    #[arg(long, value_name = "NAME", default_value = "developer")]
    sub: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Actor {
    Person,
    Service,
}

/// The lifetime of the token that `call` and the start's hints use: a day's work.
const CALL_TTL: TimeDelta = TimeDelta::hours(8);
/// The maximum lifetime of a development token: a year.
const TTL_MAX: Duration = Duration::from_hours(24 * 366);

pub(super) fn run(args: &TokenArgs, config: &Config) -> Result<(), Failure> {
    if !config.development_identity() {
        return Err(Failure::Config(
            "token: the configured issuer signs the tokens; this command is for the development identity alone".to_owned(),
        ));
    }
    let ttl = lifetime(&args.ttl).ok_or_else(|| {
        Failure::Usage(format!(
            "--ttl: expected a time such as `30m` or `8h`, got `{}`",
            args.ttl.escape_debug()
        ))
    })?;
    if args.sub.trim().is_empty() {
        return Err(Failure::Usage("--sub: expected a name".to_owned()));
    }
    for unknown in Scope::list(&args.scope).filter_map(Result::err) {
        eprintln!("second-opinion: {unknown}; the token has it all the same");
    }
    let actor = match args.actor_type {
        Actor::Person => ActorType::Person,
        Actor::Service => ActorType::Service,
    };
    let identity = DevelopmentIdentity::load_or_create(&config.data)
        .map_err(|error| Failure::Config(error.to_string()))?;
    print(&identity.token(&args.sub, &args.scope, actor, ttl, Utc::now()))
}

/// A person's token with every scope; `None` where another issuer is configured or there is no readable key.
pub(super) fn for_calls(config: &Config) -> Option<String> {
    if !config.development_identity() || !config.data.exists() {
        return None;
    }
    let identity = DevelopmentIdentity::load_or_create(&config.data).ok()?;
    let scopes: ScopeSet = Scope::ALL.into_iter().collect();
    Some(identity.token(
        "developer",
        &scopes.to_string(),
        ActorType::Person,
        CALL_TTL,
        Utc::now(),
    ))
}

fn lifetime(text: &str) -> Option<TimeDelta> {
    let lifetime = humantime::parse_duration(text).ok()?;
    let is_allowed = !lifetime.is_zero() && lifetime <= TTL_MAX;
    TimeDelta::from_std(lifetime).ok().filter(|_| is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetime_has_a_unit_and_a_maximum() {
        assert_eq!(lifetime("90s"), Some(TimeDelta::seconds(90)));
        assert_eq!(lifetime("8h"), Some(TimeDelta::hours(8)));
        assert_eq!(lifetime("7d"), Some(TimeDelta::days(7)));
        for bad in [
            "",
            "8",
            "h",
            "0h",
            "-1h",
            "8H",
            "99999999999999999999h",
            "400d",
            "8é",
        ] {
            assert_eq!(lifetime(bad), None, "{bad}");
        }
    }
}
