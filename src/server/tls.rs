//! The server's certificate and the authority of callers' certificates, re-read when their files change.
//!
//! A change applies from the next handshake on, and ends no open connection. Files that cannot be used change nothing.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

use crate::config::Tls;
use crate::telemetry::metrics::TlsMeters;

/// The interval between two readings of the files.
const RELOAD_INTERVAL: Duration = Duration::from_secs(5);

/// A certificate or key that cannot be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("`{path}` cannot be read: {cause}")]
    Read {
        /// The file.
        path: String,
        /// The system's error.
        cause: std::io::Error,
    },
    /// A file contains no PEM of the kind.
    #[error("`{path}` contains no {kind}: {cause}")]
    Pem {
        /// The file.
        path: String,
        /// The kind that is expected.
        kind: &'static str,
        /// The parser's error.
        cause: pem::Error,
    },
    /// The certificate and its key do not make a server's identity.
    #[error("the certificate and its key cannot be used: {0}")]
    Identity(#[from] rustls::Error),
    /// The callers' authority cannot be used.
    #[error("`{path}` contains no authority that can be used: {cause}")]
    Authority {
        /// The file.
        path: String,
        /// The verifier's error.
        cause: VerifierBuilderError,
    },
}

/// The last usable certificate, key and callers' authority.
pub struct Certificates {
    files: Tls,
    config: ArcSwap<ServerConfig>,
    seen: Mutex<Seen>,
    meters: Arc<TlsMeters>,
}

/// Digests of the files' contents.
struct Seen {
    /// Of the contents in use.
    in_use: [u8; 32],
    /// Of contents that could not be used at the last reading.
    unusable: Option<[u8; 32]>,
}

/// The contents of the files.
struct Contents {
    cert: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

impl Certificates {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// When a file cannot be read or used, or the key is not the certificate's.
    pub fn load(files: &Tls) -> Result<Arc<Self>, TlsError> {
        let contents = Contents::read(files)?;
        let (config, expiry) = contents.server_config(files)?;
        let meters = TlsMeters::default();
        meters.set_expiry(expiry);
        Ok(Arc::new(Self {
            files: files.clone(),
            config: ArcSwap::from_pointee(config),
            seen: Mutex::new(Seen {
                in_use: contents.digest(),
                unusable: None,
            }),
            meters: Arc::new(meters),
        }))
    }

    /// An acceptor for a handshake that begins now: TLS 1.2 and 1.3, for HTTP/2 and HTTP/1.1.
    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config.load_full())
    }

    /// The metrics of the certificate in use.
    #[must_use]
    pub fn meters(&self) -> &Arc<TlsMeters> {
        &self.meters
    }

    /// Reads the files, and uses their contents from now on if they have changed and can be used.
    pub fn reload(&self) {
        let contents = Contents::read(&self.files);
        // Files that cannot be read have the same digest each time.
        let digest = contents.as_ref().map_or([0; 32], Contents::digest);
        // Each field is valid by itself, whatever a thread that held them did.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if digest == seen.in_use {
            seen.unusable = None;
            return;
        }
        let was_unusable = seen.unusable == Some(digest);
        match contents.and_then(|contents| contents.server_config(&self.files)) {
            Ok((config, expiry)) => {
                self.config.store(Arc::new(config));
                self.meters.set_expiry(expiry);
                seen.in_use = digest;
                seen.unusable = None;
                tracing::info!(cert = %self.files.cert.display(), "the TLS files have changed");
            }
            // Certificate and key may be mid-rotation: count a failure at the second reading.
            Err(error) => {
                seen.unusable = Some(digest);
                if was_unusable {
                    self.meters.count_reload_failure();
                } else {
                    tracing::warn!(%error, "the TLS files have changed and cannot be used; the last usable ones remain in use");
                }
            }
        }
    }

    /// Reloads the files periodically until the server drains.
    pub async fn reload_until_drained(self: Arc<Self>, mut draining: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(RELOAD_INTERVAL) => {}
                // An error means that the sender is gone, and the server with it.
                _ = draining.wait_for(|draining| *draining) => return,
            }
            let certificates = Arc::clone(&self);
            // The next reload makes up for one that panicked.
            let _ = tokio::task::spawn_blocking(move || certificates.reload()).await;
        }
    }
}

impl Contents {
    fn read(files: &Tls) -> Result<Self, TlsError> {
        let read = |path: &Path| {
            std::fs::read(path).map_err(|cause| TlsError::Read {
                path: path.display().to_string(),
                cause,
            })
        };
        Ok(Self {
            cert: read(&files.cert)?,
            key: read(&files.key)?,
            client_ca: files.client_ca.as_deref().map(read).transpose()?,
        })
    }

    fn digest(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        for part in [Some(&self.cert), Some(&self.key), self.client_ca.as_ref()] {
            let part = part.map_or(&[][..], Vec::as_slice);
            hasher.update(part.len().to_be_bytes());
            hasher.update(part);
        }
        hasher.finalize().into()
    }

    /// The server's side of handshakes, and the certificate's expiry in seconds since 1970, where it can be read.
    fn server_config(&self, files: &Tls) -> Result<(ServerConfig, Option<u64>), TlsError> {
        let chain = certificates(&self.cert, &files.cert, "certificate chain")?;
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(pem_error(&files.key, "private key"))?;
        let expiry = chain.first().and_then(expiry);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13, &TLS12])?;
        let config = match (&self.client_ca, &files.client_ca) {
            (Some(authorities), Some(path)) => {
                let mut roots = RootCertStore::empty();
                for authority in certificates(authorities, path, "authority's certificate")? {
                    roots.add(authority)?;
                }
                // A caller without a certificate may have a token, or ask for health, which needs no identity.
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                        .allow_unauthenticated()
                        .build()
                        .map_err(|cause| TlsError::Authority {
                            path: path.display().to_string(),
                            cause,
                        })?;
                config.with_client_cert_verifier(verifier)
            }
            (None, _) | (_, None) => config.with_no_client_auth(),
        };
        let mut config = config.with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok((config, expiry))
    }
}

/// The certificates of a PEM file; at least one.
fn certificates(
    pem: &[u8],
    path: &Path,
    kind: &'static str,
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .and_then(|chain| {
            if chain.is_empty() {
                Err(pem::Error::NoItemsFound)
            } else {
                Ok(chain)
            }
        })
        .map_err(pem_error(path, kind))
}

/// The expiry of a certificate, in seconds since 1970.
fn expiry(certificate: &CertificateDer<'_>) -> Option<u64> {
    let certificate = Certificate::from_der(certificate).ok()?;
    let validity = certificate.tbs_certificate().validity();
    Some(validity.not_after.to_unix_duration().as_secs())
}

fn pem_error(path: &Path, kind: &'static str) -> impl FnOnce(pem::Error) -> TlsError {
    let path = path.display().to_string();
    move |cause| TlsError::Pem { path, kind, cause }
}
