//! The command line, one file a subcommand.
//!
//! Results go to standard output, everything else to standard error.

mod backup;
mod call;
mod check_config;
mod copy;
mod deadline;
mod evaluate;
mod failure;
mod healthcheck;
mod migrate;
mod notice;
mod policy;
mod process;
mod progress;
mod serve;
mod token;
mod verify_log;

use clap::{Parser, Subcommand};

pub use evaluate::{determination_of, request_of};
pub use failure::Failure;

use crate::config::{Config, ConfigArgs, Environment, load, load_offline};

/// The version with the commit and the features of the build.
const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (commit ",
    env!("BUILD_COMMIT"),
    ", features: ",
    env!("BUILD_FEATURES"),
    ")"
);

/// Second medical opinions under Medi-Cal policy MPUP3078
#[derive(Debug, Parser)]
#[command(version = VERSION, about, max_term_width = 110)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve (the default)
    Serve,
    /// Send one request, as proto JSON, to a running server
    Call(call::CallArgs),
    /// Sign a token of the development identity; it is the last line of standard output
    Token(token::TokenArgs),
    /// Evaluate a request, as proto JSON; nothing is stored
    Evaluate(evaluate::EvaluateArgs),
    /// Compute when a request that needs prior authorization is due, with the clauses
    Deadline(deadline::DeadlineArgs),
    /// Print the policy: clauses, limits, references
    Policy,
    /// Check the configuration, and print each value with its source
    CheckConfig,
    /// Bring the store to this version's schema
    Migrate,
    /// Copy the embedded store to a file, also while a server uses it (PostgreSQL: `pg_dump`)
    Backup(backup::BackupArgs),
    /// Copy the embedded store into an empty PostgreSQL, and verify the copy
    Copy(copy::CopyArgs),
    /// Verify every event of the log, and print the digest of its head
    VerifyLog,
    /// Print a letter, or prove that a file is an issued one
    #[command(subcommand)]
    Notice(notice::NoticeCommand),
    /// Check that a running server serves
    Healthcheck(healthcheck::HealthcheckArgs),
}

impl Cli {
    /// Parses the command line, runs the command and returns the exit code: 0, 64 usage, 69 store, 78 configuration, 1 any
    /// other failure.
    #[must_use]
    pub fn run() -> u8 {
        let cli = match Self::try_parse() {
            Ok(cli) => cli,
            Err(error) => {
                // Help and version are not errors; where they cannot be printed, nobody reads them.
                let _ = error.print();
                return if error.use_stderr() {
                    failure::USAGE
                } else {
                    0
                };
            }
        };
        match cli.dispatch() {
            Ok(()) => 0,
            Err(failure) => {
                eprintln!("second-opinion: {failure}");
                failure.code()
            }
        }
    }

    fn dispatch(self) -> Result<(), Failure> {
        let offline = || self.offline();
        match self.command.as_ref().unwrap_or(&Command::Serve) {
            Command::Serve => serve::run(&self.listening()?),
            Command::Call(args) => call::run(args, &offline()?),
            Command::Token(args) => token::run(args, &offline()?),
            Command::Evaluate(args) => evaluate::run(args, &offline()?),
            Command::Deadline(args) => deadline::run(args, &offline()?),
            Command::Policy => policy::run(&offline()?),
            Command::CheckConfig => check_config::run(&self.listening()?),
            Command::Migrate => migrate::run(&offline()?),
            Command::Backup(args) => backup::run(args, &offline()?),
            Command::Copy(args) => copy::run(args, &offline()?),
            Command::VerifyLog => verify_log::run(&offline()?),
            Command::Notice(command) => notice::run(command, &offline()?),
            Command::Healthcheck(args) => healthcheck::run(args, &offline()?),
        }
    }

    fn listening(&self) -> Result<Config, Failure> {
        Ok(load(&self.config, &Environment::of_process())?)
    }

    fn offline(&self) -> Result<Config, Failure> {
        Ok(load_offline(&self.config, &Environment::of_process())?)
    }
}
