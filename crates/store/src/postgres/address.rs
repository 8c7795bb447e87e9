//! The database's address: the URL as `libpq` takes it, with its TLS mode.
//!
//! tokio-postgres reads the URL. `sslmode` and `sslrootcert` are read here, because it knows no `verify-full`. No error
//! repeats a part of the URL: it holds a password.

use std::net::IpAddr;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

/// Parameters that hold where the URL does not set them: the URL's own follow and win. The server that takes changes is
/// found anew at each connection, wherever a failover put it. A host that is gone is noticed in seconds: 2 to connect, 5
/// for what was sent and not acknowledged, and 5 of silence with 5 probes a second apart.
const DEFAULTS: &str = "application_name=second-opinion&target_session_attrs=read-write&connect_timeout=2\
    &tcp_user_timeout=5&keepalives_idle=5&keepalives_interval=1&keepalives_retries=5";

/// A parsed URL.
#[derive(Clone)]
pub(crate) struct Address {
    pub(super) config: Config,
    pub(super) tls: Tls,
}

/// Whether connections to the database are encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tls {
    /// In the clear: asked for, or on this machine.
    Off,
    /// Encrypted where the server offers TLS; then its certificate is checked all the same.
    WhereOffered(Authority),
    /// Encrypted, and the server's certificate and name are checked.
    Verified(Authority),
}

/// The certificate authorities that are trusted.
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
    /// The expected form, without any part of the URL.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        // As tokio-postgres reads it: before the first `@` stand a name and a password, whatever characters they have.
        let host = url.find('@').unwrap_or(0);
        let (base, query) = match url[host..].find('?') {
            Some(at) => (&url[..host + at], &url[host + at + 1..]),
            None => (url, ""),
        };
        let (mut ssl_mode, mut ssl_root_cert) = (None, None);
        let mut parameters = DEFAULTS.to_owned();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some(("sslmode", value)) => ssl_mode = Some(decode(value)?),
                Some(("sslrootcert", value)) => ssl_root_cert = Some(decode(value)?),
                Some(_) | None => {
                    parameters.push('&');
                    parameters.push_str(parameter);
                }
            }
        }
        let mut config: Config = format!("{base}?{parameters}").parse().map_err(|_| {
            "a URL as PostgreSQL's own tools take it: `postgres://USER@HOST/DATABASE`, several hosts separated by \
             commas, and known parameters (client certificates are not)"
                .to_owned()
        })?;
        if config.get_hosts().is_empty() {
            return Err("a host after `postgres://`".to_owned());
        }
        let tls = tls(ssl_mode.as_deref(), ssl_root_cert, &config)?;
        config.ssl_mode(match tls {
            Tls::Off => SslMode::Disable,
            Tls::WhereOffered(_) => SslMode::Prefer,
            Tls::Verified(_) => SslMode::Require,
        });
        Ok(Self { config, tls })
    }

    /// The same address for reading alone, where a standby will do.
    pub(super) fn for_reading(mut self) -> Self {
        self.config.target_session_attrs(TargetSessionAttrs::Any);
        self
    }
}

fn decode(value: &str) -> Result<String, String> {
    let text = percent_decode_str(value).decode_utf8();
    text.map(String::from)
        .map_err(|_| "parameters in UTF-8".to_owned())
}

/// The TLS mode. `require` and `verify-ca` mean `verify-full`: encryption without a check of certificate and name
/// does not protect against an attacker on the network path. Without `sslmode` it is `verify-full`, but off to this machine.
fn tls(mode: Option<&str>, root_cert: Option<String>, config: &Config) -> Result<Tls, String> {
    let on_this_machine = root_cert.is_none() && config.get_hosts().iter().all(is_local);
    let authority = match root_cert {
        Some(path) if path != "system" => Authority::File(path.into()),
        Some(_) | None => Authority::System,
    };
    match mode {
        None if on_this_machine => Ok(Tls::Off),
        None | Some("verify-full" | "verify-ca" | "require") => Ok(Tls::Verified(authority)),
        Some("prefer") => Ok(Tls::WhereOffered(authority)),
        Some("disable") => Ok(Tls::Off),
        Some(_) => Err(
            "`sslmode` as `verify-full` (which `require` and `verify-ca` mean too), `prefer` or `disable`"
                .to_owned(),
        ),
    }
}

/// Whether a host is this machine.
fn is_local(host: &Host) -> bool {
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
    use std::time::Duration;

    use super::*;

    fn tls(url: &str) -> Tls {
        Address::parse(url).expect("a URL").tls
    }

    #[test]
    fn connection_to_another_machine_is_verified_unless_the_url_says_otherwise() {
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
    fn parameters_of_the_url_win_over_the_defaults() {
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
    fn invalid_url_is_not_repeated() {
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
