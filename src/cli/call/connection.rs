//! The connection to the server.

use std::error::Error;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

use super::error::CallError;
use super::request::read_input;
use crate::config::Config;

/// The server's address, and the certificates of both sides.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ServerArgs {
    /// The server [default: the configured address]
    #[arg(long, value_name = "URL")]
    pub to: Option<String>,
    /// The authority of the server's certificate, PEM; an https server needs it
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// The caller's certificate chain, PEM
    #[arg(long, value_name = "FILE", requires_all = ["key", "ca"])]
    pub cert: Option<PathBuf>,
    /// The caller's private key, PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
}

impl ServerArgs {
    /// The server's URL.
    pub(in crate::cli) fn address(&self, config: &Config) -> String {
        match &self.to {
            None => configured_address(config),
            Some(to) if to.contains("://") => to.clone(),
            Some(to) => format!("http://{to}"),
        }
    }
}

pub(super) fn is_on_this_machine(address: &str) -> bool {
    let Ok(uri) = address.parse::<http::Uri>() else {
        return false;
    };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

/// Connects to the server.
pub(in crate::cli) async fn connect(
    args: &ServerArgs,
    address: &str,
) -> Result<Channel, CallError> {
    let usage = |error: tonic::transport::Error| {
        CallError::Usage(format!(
            "`{}` cannot be called: {}",
            address.escape_debug(),
            root_cause(&error)
        ))
    };
    let mut endpoint = Endpoint::from_shared(address.to_owned()).map_err(usage)?;
    if let Some(ca) = &args.ca {
        let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(read_input(ca)?));
        if let (Some(cert), Some(key)) = (&args.cert, &args.key) {
            tls = tls.identity(Identity::from_pem(read_input(cert)?, read_input(key)?));
        }
        endpoint = endpoint.tls_config(tls).map_err(usage)?;
    } else if address.starts_with("https://") {
        return Err(CallError::Usage(format!(
            "`{address}` needs `--ca`, the authority of its certificate"
        )));
    }
    endpoint
        .connect()
        .await
        .map_err(|error| unreachable_at(address, &error))
}

pub(super) fn unreachable_at(address: &str, error: &(dyn Error + 'static)) -> CallError {
    CallError::Unreachable {
        address: address.to_owned(),
        cause: root_cause(error),
    }
}

pub(super) fn root_cause(error: &(dyn Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| (*error).source())
        .last()
        .map_or_else(String::new, ToString::to_string)
}

/// The URL of the configured server from this machine.
fn configured_address(config: &Config) -> String {
    let mut listen = config.listen;
    if listen.ip().is_unspecified() {
        listen.set_ip(match listen {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    let scheme = if config.tls().is_some() {
        "https"
    } else {
        "http"
    };
    format!("{scheme}://{listen}")
}
