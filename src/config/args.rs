//! The configuration's flags, which every subcommand takes.

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use super::settings::{CONFIG_FILE, SETTINGS};
use super::sources::{ConfigArgs, Setting};

fn flags() -> impl Iterator<Item = &'static Setting> {
    std::iter::once(&CONFIG_FILE).chain(SETTINGS)
}

impl Args for ConfigArgs {
    fn augment_args(command: Command) -> Command {
        let args = flags().map(|setting| {
            let help = match setting.default {
                Some(default) => format!("{} [default: {default}]", setting.help()),
                None => setting.help().to_owned(),
            };
            Arg::new(setting.key)
                .long(setting.key.replace('_', "-"))
                .value_name(setting.value_name)
                .help(help)
                .help_heading("Configuration")
                .global(true)
        });
        command.args(args)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ConfigArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = flags().filter_map(|setting| {
            let value = matches.get_one::<String>(setting.key)?;
            Some((setting.key, value))
        });
        Ok(Self::of(given))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
