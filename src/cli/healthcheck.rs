//! `healthcheck`: checks that a running server serves.

use tonic_health::ServingStatus;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::call::connection::{ServerArgs, connect};
use super::failure::Failure;
use super::process::{print, runtime};
use crate::config::Config;

/// The arguments of `healthcheck`.
#[derive(Clone, Debug, clap::Args)]
pub struct HealthcheckArgs {
    /// The service to check; empty: the whole server
    #[arg(long, value_name = "NAME", default_value = "")]
    service: String,
    /// The server
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) fn run(args: &HealthcheckArgs, config: &Config) -> Result<(), Failure> {
    runtime()?.block_on(check(args, &args.server.address(config)))
}

async fn check(args: &HealthcheckArgs, address: &str) -> Result<(), Failure> {
    let channel = connect(&args.server, address).await?;
    let request = HealthCheckRequest {
        service: args.service.clone(),
    };
    let answer = HealthClient::new(channel).check(request).await;
    let status = answer
        .map_err(|status| Failure::other(status.message()))?
        .into_inner()
        .status();
    print(status.as_str_name())?;
    if status as i32 == ServingStatus::Serving as i32 {
        Ok(())
    } else {
        Err(Failure::other(format!("`{address}` does not serve")))
    }
}
