//! `serve`: serves until SIGTERM or SIGINT.

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use super::failure::Failure;
use super::token;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::server;
use crate::telemetry::logs::{self, LogSettings};

pub(super) fn run(config: &Config) -> Result<(), Failure> {
    logs::init(LogSettings {
        filter: &config.log,
        format: config.log_format,
        audit: &config.audit,
    })?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::other)?;
    runtime.block_on(serve(config))
}

async fn serve(config: &Config) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::other)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::other)?;
    let running = server::start(config, Arc::new(SystemClock)).await?;
    tracing::info!(address = %running.address, ops = %running.ops_address, store = %config.store, "serving");
    if config.development_identity() {
        tracing::warn!(
            data = %config.data.display(),
            "development identity: anyone who can read the data folder can act as anyone"
        );
        eprint!("{}", hints(config, running.address));
    }
    tokio::select! {
        _ = terminate.recv() => tracing::info!("SIGTERM: draining"),
        _ = interrupt.recv() => tracing::info!("SIGINT: draining"),
    }
    let finished = running.stop().await;
    tracing::info!(finished, "stopped");
    Ok(())
}

/// Commands to paste, for a first try.
fn hints(config: &Config, address: std::net::SocketAddr) -> String {
    let token = token::for_calls(config).unwrap_or_default();
    let program = std::env::args()
        .next()
        .unwrap_or_else(|| "second-opinion".to_owned());
    let to = if address == Config::default().listen {
        String::new()
    } else {
        format!(" --to {address}")
    };
    let data = if config.data == Config::default().data {
        String::new()
    } else {
        format!(" --data {}", config.data.display())
    };
    let plan = if config.has_own_plan() {
        String::new()
    } else {
        format!(
            "TRIAL PLAN: no `[plan]` is configured, so letters name {}. Loopback only.\n",
            config.plan.name
        )
    };
    format!(
        "
DEVELOPMENT IDENTITY: no issuer is configured, so this server signs its own tokens. Loopback only.
{plan}
To paste, in the project's folder:

  {program}{data} call SubmitSecondOpinion examples/out-of-network-routine.json{to}
  {program}{data} call ListDeterminations -{to} <<< '{{}}'
  {program} evaluate examples/urgent-practitioner.json

With grpcurl, or `buf curl --protocol grpc --http2-prior-knowledge` and http:// before the address:

  TOKEN={token}
  grpcurl -plaintext -H \"authorization: Bearer $TOKEN\" -d @ {address} um.secondopinion.v1.PolicyService/EvaluateSecondOpinion < examples/network-opinion.json
  grpcurl -plaintext {address} list

"
    )
}
