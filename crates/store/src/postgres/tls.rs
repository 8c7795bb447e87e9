//! TLS to the database: rustls, with the server's certificate and name checked.

use std::path::Path;
use std::sync::Arc;

use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

use super::address::{Authority, Tls};
use crate::StoreError;

/// The TLS connector for the URL's mode. With TLS off it trusts no certificate, and is not used.
///
/// # Errors
/// When the file of authorities cannot be read, or the system has none.
pub(super) fn connector(tls: &Tls) -> Result<MakeRustlsConnect, StoreError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?;
    let builder = match tls {
        Tls::Off => builder.with_root_certificates(RootCertStore::empty()),
        Tls::WhereOffered(Authority::System) | Tls::Verified(Authority::System) => builder
            .with_platform_verifier()
            .map_err(|error| unusable(&error))?,
        Tls::WhereOffered(Authority::File(path)) | Tls::Verified(Authority::File(path)) => {
            builder.with_root_certificates(authorities_in(path)?)
        }
    };
    Ok(MakeRustlsConnect::new(builder.with_no_client_auth()))
}

/// The authorities in a PEM file, at least one.
fn authorities_in(path: &Path) -> Result<RootCertStore, StoreError> {
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| {
            let path = path.display();
            StoreError::Unavailable(format!("`{path}` holds no certificate: {error}"))
        })?;
    let mut roots = RootCertStore::empty();
    let (taken, _) = roots.add_parsable_certificates(certificates);
    if taken == 0 {
        let path = path.display();
        let empty = format!("`{path}` holds no certificate that can be used");
        return Err(StoreError::Unavailable(empty));
    }
    Ok(roots)
}

fn unusable(error: &rustls::Error) -> StoreError {
    StoreError::Unavailable(format!("TLS to the database cannot be set up: {error}"))
}
