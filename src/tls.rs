//! Which certificate does the server show?

use std::path::Path;
use std::sync::Arc;

use thiserror::Error;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

use crate::config::Tls;

/// A certificate or key that cannot be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read, or holds no PEM of the kind.
    #[error("`{path}` holds no {what}: {cause}")]
    File {
        /// The file.
        path: String,
        /// What it should hold.
        what: &'static str,
        /// What is wrong.
        cause: pem::Error,
    },
    /// The two do not make a server's identity.
    #[error("the certificate and its key cannot be used: {0}")]
    Identity(#[from] rustls::Error),
}

/// The server's side of TLS 1.2 and 1.3, for HTTP/2 and HTTP/1.1.
///
/// # Errors
/// When a file cannot be read or the key is not the certificate's.
pub fn acceptor(tls: &Tls) -> Result<TlsAcceptor, TlsError> {
    let chain = CertificateDer::pem_file_iter(&tls.cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .and_then(|chain| {
            if chain.is_empty() {
                Err(pem::Error::NoItemsFound)
            } else {
                Ok(chain)
            }
        })
        .map_err(wrong(&tls.cert, "certificate chain"))?;
    let key = PrivateKeyDer::from_pem_file(&tls.key).map_err(wrong(&tls.key, "private key"))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn wrong(path: &Path, what: &'static str) -> impl FnOnce(pem::Error) -> TlsError {
    let path = path.display().to_string();
    move |cause| TlsError::File { path, what, cause }
}
