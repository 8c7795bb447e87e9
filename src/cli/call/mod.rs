//! `call`: what does a running server answer to one request, given as proto JSON?

mod connection;
mod exchange;
mod report;
mod request;
#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;

use prost_reflect::DescriptorPool;
use tonic::Code;

pub use connection::ServerArgs;
pub(super) use connection::connect;
pub(super) use request::read_input;

use crate::config::Secret;
use crate::wire::DESCRIPTOR;

/// The arguments of `call`.
#[derive(Clone, Debug, clap::Args)]
pub struct CallArgs {
    /// Such as `SubmitSecondOpinion` or `PolicyService/GetPolicy`
    pub method: String,
    /// The request as proto JSON; - is standard input, and an empty file an empty request
    #[arg(value_name = "FILE|-")]
    pub file: PathBuf,
    /// Set a value in the request, such as `second_opinion.requesters.0.member={}`; can be given several times
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// The caller's token; without one, a server on this machine is shown the development identity
    #[arg(long, env = "SECOND_OPINION_TOKEN", hide_env_values = true)]
    pub token: Option<Secret>,
    /// The server
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Why a call gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The command was not used as it should be: nothing was sent.
    #[error("{0}")]
    Usage(String),
    /// No server answers at the address.
    #[error("no server can be reached at `{address}`: {cause}")]
    Unreachable {
        /// The address as it was given.
        address: String,
        /// Why.
        cause: String,
    },
    /// The server refused.
    #[error("{report}")]
    Refused {
        /// The status code.
        code: Code,
        /// The code's name, the message, and a line for each detail.
        report: String,
    },
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// Sends one request and prints what the server answers on standard output, one JSON document a message.
///
/// `default_address` is called where none is given. `development_token` is used where no token is given and the server
/// is on this machine.
///
/// # Errors
///
/// See [`CallError`]; the text of a refusal has the details that the server sent.
pub async fn call(
    args: &CallArgs,
    default_address: &str,
    development_token: Option<String>,
) -> Result<(), CallError> {
    let pool =
        DescriptorPool::decode(DESCRIPTOR).map_err(|error| CallError::Other(error.to_string()))?;
    let method = request::resolve(&pool, &args.method)?;
    let text = request::read_input(&args.file)?;
    let (message, filled_in) = request::compose(&method.input(), &text, &args.set)?;
    if let Some(id) = filled_in {
        eprintln!(
            "request_id {id} filled in; to send this very request again: --set request_id={id}"
        );
    }
    let address = args.server.address(default_address);
    let given = args
        .token
        .as_ref()
        .map(|token| token.expose().to_owned())
        .filter(|token| !token.is_empty());
    let token = given.or(development_token.filter(|_| connection::is_on_this_machine(&address)));
    let channel = connect(&args.server, &address).await?;
    exchange::exchange(
        channel,
        &address,
        &method,
        message,
        token.as_deref(),
        &mut io::stdout(),
    )
    .await
}
