//! `token`: who would you like to be, for the development identity?

use chrono::{TimeDelta, Utc};
use clap::ValueEnum;

use super::{Failure, print};
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
    /// How long the token is good, such as 30m or 8h
    #[arg(long, value_name = "DURATION", default_value = "8h")]
    ttl: String,
    /// The name of the caller
    #[arg(long, value_name = "NAME", default_value = "developer")]
    sub: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Actor {
    Person,
    Service,
}

/// The token that `call` and the start's hints use is good for a day's work.
const CALL_TTL: TimeDelta = TimeDelta::hours(8);
/// The longest that a development token is good.
const TTL_HOURS_MAX: i64 = 24 * 366;

pub(super) fn run(args: &TokenArgs, config: &Config) -> Result<(), Failure> {
    if !config.development_identity() {
        return Err(Failure::Config(
            "tokens come from the issuer that is configured; only the development identity makes its own".to_owned(),
        ));
    }
    let ttl = duration(&args.ttl).ok_or_else(|| {
        Failure::Usage(format!(
            "--ttl: expected a time such as `30m` or `8h`, got `{}`",
            args.ttl.escape_debug()
        ))
    })?;
    if args.sub.trim().is_empty() {
        return Err(Failure::Usage("--sub: expected a name".to_owned()));
    }
    for word in args.scope.split_whitespace() {
        if let Err(unknown) = word.parse::<Scope>() {
            eprintln!("second-opinion: {unknown}; the token has it all the same");
        }
    }
    let actor = match args.actor_type {
        Actor::Person => ActorType::Person,
        Actor::Service => ActorType::Service,
    };
    let identity = DevelopmentIdentity::load_or_create(&config.data)
        .map_err(|error| Failure::Config(error.to_string()))?;
    print(&identity.token(&args.sub, &args.scope, actor, ttl, Utc::now()))
}

/// A person's token with every scope, where the development identity is in use and its key can be read.
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

/// A whole number and a unit: s, m, h or d.
fn duration(text: &str) -> Option<TimeDelta> {
    let (amount, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let amount: i64 = amount.parse().ok().filter(|amount| *amount > 0)?;
    let time = match unit {
        "s" => TimeDelta::try_seconds(amount),
        "m" => TimeDelta::try_minutes(amount),
        "h" => TimeDelta::try_hours(amount),
        "d" => TimeDelta::try_days(amount),
        _ => None,
    }?;
    (time.num_hours() <= TTL_HOURS_MAX).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ttl_has_a_unit_and_an_end() {
        assert_eq!(duration("90s"), Some(TimeDelta::seconds(90)));
        assert_eq!(duration("8h"), Some(TimeDelta::hours(8)));
        assert_eq!(duration("7d"), Some(TimeDelta::days(7)));
        for bad in [
            "",
            "8",
            "h",
            "0h",
            "-1h",
            "1.5h",
            "8H",
            "99999999999999999999h",
            "400d",
            "8é",
        ] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }
}
