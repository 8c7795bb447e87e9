//! Where is the database, and how is it reached: which hosts, which timeouts, with TLS or without?
//!
//! A URL as `libpq` takes it. Two of its parameters are ours to read, because the driver knows no `verify-full`:
//! `sslmode` and `sslrootcert`. Nothing here repeats a part of the URL in an error: it holds a password.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

/// How long a connection to one address may take where the URL says nothing (`connect_timeout`).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// What was sent and not acknowledged for as long shows that the other side is gone (`tcp_user_timeout`).
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(5);
/// After as much quiet the other side is asked whether it is there (`keepalives_idle`, `keepalives_interval`,
/// `keepalives_retries`).
const KEEPALIVE_IDLE: Duration = Duration::from_secs(5);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(1);
const KEEPALIVE_RETRIES: u32 = 5;
/// The driver's own idle time, which stands for none given.
const KEEPALIVE_IDLE_OF_DRIVER: Duration = Duration::from_hours(2);

/// What a URL means.
#[derive(Clone)]
pub(crate) struct Address {
    pub(super) config: Config,
    pub(super) tls: Tls,
}

/// Whether the way to the database is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tls {
    /// In the clear: asked for, or on this machine.
    Off,
    /// Encrypted, where the server can; then its certificate is checked as otherwise.
    WhereOffered(Authority),
    /// Encrypted, and the server's certificate and name are checked.
    Verified(Authority),
}

/// Who vouches for the server's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Authority {
    /// Those that the system trusts.
    System,
    /// Those in a PEM file.
    File(PathBuf),
}

impl Address {
    /// Reads a URL.
    ///
    /// # Errors
    /// What was expected, without a word of the URL.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let (url, own) = Own::take_off(url)?;
        let mut config: Config = url.parse().map_err(|_| {
            "a URL as PostgreSQL's own tools take it: `postgres://USER@HOST/DATABASE`, several hosts separated by \
             commas, and known parameters (client certificates are not)"
                .to_owned()
        })?;
        if config.get_hosts().is_empty() {
            return Err("a host after `postgres://`".to_owned());
        }
        let tls = own.tls(&config)?;
        config.ssl_mode(match tls {
            Tls::Off => SslMode::Disable,
            Tls::WhereOffered(_) => SslMode::Prefer,
            Tls::Verified(_) => SslMode::Require,
        });
        // The server that takes changes, wherever it is after a failover.
        if !own.names_session {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        complete(&mut config);
        Ok(Self { config, tls })
    }

    /// The same address for reading alone, where a standby will do.
    pub(super) fn for_reading(mut self) -> Self {
        self.config.target_session_attrs(TargetSessionAttrs::Any);
        self
    }
}

/// Sets what the URL leaves open.
fn complete(config: &mut Config) {
    if config.get_application_name().is_none() {
        config.application_name("second-opinion");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(TCP_USER_TIMEOUT);
    }
    if config.get_keepalives_idle() == KEEPALIVE_IDLE_OF_DRIVER {
        config.keepalives_idle(KEEPALIVE_IDLE);
    }
    if config.get_keepalives_interval().is_none() {
        config.keepalives_interval(KEEPALIVE_INTERVAL);
    }
    if config.get_keepalives_retries().is_none() {
        config.keepalives_retries(KEEPALIVE_RETRIES);
    }
}

/// The parameters that are ours to read.
#[derive(Default)]
struct Own {
    ssl_mode: Option<String>,
    ssl_root_cert: Option<PathBuf>,
    names_session: bool,
}

impl Own {
    /// A URL without them, and them.
    fn take_off(url: &str) -> Result<(String, Self), String> {
        // As the driver reads it: what stands before the first `@` is a name and a password, whatever is in it.
        let host = url.find('@').unwrap_or(0);
        let Some(question) = url[host..].find('?').map(|at| host + at) else {
            return Ok((url.to_owned(), Self::default()));
        };
        let mut own = Self::default();
        let mut rest = Vec::new();
        for parameter in url[question + 1..].split('&') {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value = || {
                let text = percent_decode_str(value).decode_utf8();
                text.map(String::from)
                    .map_err(|_| "parameters in UTF-8".to_owned())
            };
            match name {
                "sslmode" => own.ssl_mode = Some(value()?),
                "sslrootcert" => own.ssl_root_cert = Some(value()?.into()),
                _ => {
                    own.names_session |= name == "target_session_attrs";
                    rest.push(parameter);
                }
            }
        }
        let mut url = url[..question].to_owned();
        if !rest.is_empty() {
            url.push('?');
            url.push_str(&rest.join("&"));
        }
        Ok((url, own))
    }

    /// `require` and `verify-ca` are `verify-full` here: encryption that anyone could end who stands on the way protects
    /// no one. Where nothing is said it depends on whether the way leads off this machine.
    fn tls(&self, config: &Config) -> Result<Tls, String> {
        const EXPECTED: &str = "`sslmode` as `verify-full` (which `require` and `verify-ca` mean too), `prefer` or \
            `disable`";
        let authority = match self.ssl_root_cert.as_deref() {
            Some(path) if path.as_os_str() != "system" => Authority::File(path.to_owned()),
            Some(_) | None => Authority::System,
        };
        match self.ssl_mode.as_deref() {
            Some("verify-full" | "verify-ca" | "require") => Ok(Tls::Verified(authority)),
            Some("prefer") => Ok(Tls::WhereOffered(authority)),
            Some("disable") => Ok(Tls::Off),
            Some(_) => Err(EXPECTED.to_owned()),
            None if self.ssl_root_cert.is_none() && config.get_hosts().iter().all(is_here) => {
                Ok(Tls::Off)
            }
            None => Ok(Tls::Verified(authority)),
        }
    }
}

/// Whether a host is this machine.
fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost"
                || name
                    .trim_matches(['[', ']'])
                    .parse()
                    .is_ok_and(|address: IpAddr| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tls(url: &str) -> Tls {
        Address::parse(url).expect("a URL").tls
    }

    #[test]
    fn the_way_off_this_machine_is_encrypted_and_verified_unless_said_otherwise() {
        let system = || Tls::Verified(Authority::System);
        for (url, expected) in [
            ("postgres://app@db.example.org/um", system()),
            (
                "postgres://app@db.example.org/um?sslmode=verify-full",
                system(),
            ),
            (
                "postgres://app@db.example.org/um?sslmode=verify-ca",
                system(),
            ),
            ("postgres://app@db.example.org/um?sslmode=require", system()),
            (
                "postgres://app@127.0.0.1/um?sslmode=verify-full&sslrootcert=%2Fetc%2Fca+1.pem",
                Tls::Verified(Authority::File("/etc/ca+1.pem".into())),
            ),
            (
                "postgres://app@localhost/um?sslrootcert=ca.pem",
                Tls::Verified(Authority::File("ca.pem".into())),
            ),
            (
                "postgres://app@db/um?sslmode=prefer",
                Tls::WhereOffered(Authority::System),
            ),
            ("postgres://app@db/um?sslmode=disable", Tls::Off),
            ("postgres://app@localhost,127.0.0.2:5433/um", Tls::Off),
            ("postgres://app@localhost,db/um", system()),
            ("postgres://%2Fvar%2Frun%2Fpostgresql/um", Tls::Off),
        ] {
            assert_eq!(tls(url), expected, "{url}");
        }
    }

    #[test]
    fn several_hosts_and_what_is_left_open() {
        let url = "postgres://app:p%40ss?@a:5432,b:5433/um?connect_timeout=7&sslmode=verify-full";
        let address = Address::parse(url).expect("a URL");
        assert_eq!(address.config.get_hosts().len(), 2);
        assert_eq!(address.config.get_password(), Some(&b"p@ss?"[..]));
        let seven = Duration::from_secs(7);
        assert_eq!(address.config.get_connect_timeout(), Some(&seven));
        let attributes = |url| {
            let address = Address::parse(url).expect("a URL");
            address.config.get_target_session_attrs()
        };
        assert_eq!(
            attributes("postgres://db/um"),
            TargetSessionAttrs::ReadWrite
        );
        assert_eq!(
            attributes("postgres://db/um?target_session_attrs=any"),
            TargetSessionAttrs::Any
        );
    }

    #[test]
    fn a_url_that_cannot_be_read_is_not_repeated() {
        for url in [
            "postgres://app:canary@db/um?sslmode=canary",
            "postgres://app:canary@db/um?canary=1",
            "postgres://app:canary@db:canary/um",
            "postgres://app:canary@db/um?sslcert=canary",
            "postgres:///canary",
        ] {
            let refused = Address::parse(url).err().expect("no URL");
            assert!(!refused.contains("canary"), "{url}: {refused}");
        }
    }
}
