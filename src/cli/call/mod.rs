//! `call`: sends one request, given as proto JSON, to a running server.

pub(super) mod connection;
pub(super) mod error;
mod exchange;
mod report;
pub(super) mod request;
#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;

use prost_reflect::DescriptorPool;

use self::connection::{ServerArgs, connect};
use self::error::CallError;
use super::failure::Failure;
use super::process::runtime;
use super::token;
use crate::config::{Config, Secret};
use crate::wire::DESCRIPTOR;

/// The arguments of `call`.
#[derive(Clone, Debug, clap::Args)]
pub struct CallArgs {
    /// The method, such as `SubmitSecondOpinion` or `PolicyService/GetPolicy`
    pub method: String,
    /// The request as proto JSON; - is standard input, and an empty file an empty request
    #[arg(value_name = "FILE|-")]
    pub file: PathBuf,
    /// Set a value in the request, such as `second_opinion.requesters.0.member={}`; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// The caller's token [default: one of the development identity, for a server on this machine]
    #[arg(long, env = "SECOND_OPINION_TOKEN", hide_env_values = true)]
    pub token: Option<Secret>,
    /// The server
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Runs the subcommand.
pub(super) fn run(args: &CallArgs, config: &Config) -> Result<(), Failure> {
    let address = args.server.address(config);
    let development_token = token::for_calls(config);
    Ok(runtime()?.block_on(call(args, &address, development_token))?)
}

/// Sends one request, and prints the reply on standard output, one JSON document a message.
///
/// Without a token, `development_token` is sent to a server on this machine.
///
/// # Errors
///
/// See [`CallError`]; the text of an error reply has the details that the server sent.
pub async fn call(
    args: &CallArgs,
    address: &str,
    development_token: Option<String>,
) -> Result<(), CallError> {
    let pool =
        DescriptorPool::decode(DESCRIPTOR).map_err(|error| CallError::Other(error.to_string()))?;
    let method = request::resolve(&pool, &args.method)?;
    let text = request::read_input(&args.file)?;
    let (message, generated) = request::compose(&method.input(), &text, &args.set)?;
    if let Some(id) = generated {
        eprintln!(
            "second-opinion: request_id {id} generated; to repeat this request: --set request_id={id}"
        );
    }
    let given = args
        .token
        .as_ref()
        .map(|token| token.expose().to_owned())
        .filter(|token| !token.is_empty());
    let token = given.or(development_token.filter(|_| connection::is_on_this_machine(address)));
    let channel = connect(&args.server, address).await?;
    exchange::exchange(
        channel,
        address,
        &method,
        message,
        token.as_deref(),
        &mut io::stdout(),
    )
    .await
}
