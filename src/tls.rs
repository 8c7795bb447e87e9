//! Which certificate does the server show, and whose does it take?
//!
//! The files are looked at every few seconds. What a connection began with holds for it: a change is seen by the next
//! handshake, and no connection ends because of it. Files that cannot be used change nothing.

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

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// A certificate or key that cannot be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("`{path}` cannot be read: {cause}")]
    Read {
        /// The file.
        path: String,
        /// What the system says.
        cause: std::io::Error,
    },
    /// A file holds no PEM of the kind.
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
    /// The authority cannot vouch for anyone.
    #[error("`{path}` holds no authority that can be used: {cause}")]
    Authority {
        /// The file.
        path: String,
        /// What is wrong.
        cause: VerifierBuilderError,
    },
}

/// The server's certificate, its key and the callers' authority, as they were last good.
pub struct Certificates {
    files: Tls,
    present: ArcSwap<Present>,
    seen: Mutex<Seen>,
}

/// What connections begin with.
struct Present {
    acceptor: TlsAcceptor,
    /// When the certificate ends, in seconds since 1970; `None`: it cannot be told.
    expiry: Option<u64>,
}

/// What was seen of the files.
struct Seen {
    /// The digest of what is in use.
    in_use: [u8; 32],
    /// The digest of what could not be used when it was last looked at.
    bad: Option<[u8; 32]>,
    /// As many looks as found what cannot be used.
    failures: u64,
}

/// What the files hold.
struct Contents {
    cert: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

impl Certificates {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// When one cannot be read or used, or the key is not the certificate's.
    pub fn load(files: &Tls) -> Result<Arc<Self>, TlsError> {
        let contents = Contents::read(files)?;
        Ok(Arc::new(Self {
            present: ArcSwap::from_pointee(contents.present(files)?),
            seen: Mutex::new(Seen {
                in_use: contents.digest(),
                bad: None,
                failures: 0,
            }),
            files: files.clone(),
        }))
    }

    /// The server's side of a handshake that begins now: TLS 1.2 and 1.3, for HTTP/2 and HTTP/1.1.
    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        self.present.load().acceptor.clone()
    }

    /// When the certificate in use ends, in seconds since 1970.
    #[must_use]
    pub fn expiry(&self) -> Option<u64> {
        self.present.load().expiry
    }

    /// As many looks as found changed files that cannot be used.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.seen().failures
    }

    /// Looks at the files, and from now on uses what they hold if that has changed and can be used.
    pub fn look(&self) {
        let contents = Contents::read(&self.files);
        // Files that cannot be read look alike each time.
        let digest = contents.as_ref().map_or([0; 32], Contents::digest);
        let mut seen = self.seen();
        if digest == seen.in_use {
            seen.bad = None;
            return;
        }
        let looked_bad = seen.bad == Some(digest);
        match contents.and_then(|contents| contents.present(&self.files)) {
            Ok(present) => {
                self.present.store(Arc::new(present));
                seen.in_use = digest;
                seen.bad = None;
                tracing::info!(cert = %self.files.cert.display(), "the TLS files have changed");
            }
            // Between a new certificate and its key, which are written one after the other, no one is at fault: what
            // cannot be used counts once it is there at the next look still.
            Err(error) => {
                seen.bad = Some(digest);
                if looked_bad {
                    seen.failures += 1;
                } else {
                    tracing::warn!(%error, "the TLS files have changed and cannot be used; the last good ones are");
                }
            }
        }
    }

    /// Looks every few seconds, until the server drains.
    pub async fn keep_looking(self: Arc<Self>, mut draining: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                // An error means that the sender is gone, and the server with it.
                _ = draining.wait_for(|draining| *draining) => return,
            }
            let certificates = Arc::clone(&self);
            // A look that broke off is made up for by the next one.
            let _ = tokio::task::spawn_blocking(move || certificates.look()).await;
        }
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        // Each field is sound by itself, whatever a thread that held them did.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
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

    fn present(&self, files: &Tls) -> Result<Present, TlsError> {
        let chain = certificates(&self.cert, &files.cert, "certificate chain")?;
        let key =
            PrivateKeyDer::from_pem_slice(&self.key).map_err(wrong(&files.key, "private key"))?;
        let expiry = chain.first().and_then(ends_at);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13, &TLS12])?;
        let config = match (&self.client_ca, &files.client_ca) {
            (Some(authorities), Some(path)) => {
                let mut roots = RootCertStore::empty();
                for authority in certificates(authorities, path, "authority's certificate")? {
                    roots.add(authority)?;
                }
                // Who shows none may be known by a token, or ask for health: what needs an identity asks for it later.
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
        Ok(Present {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            expiry,
        })
    }
}

/// Every certificate of a PEM file; at least one.
fn certificates(
    pem: &[u8],
    path: &Path,
    what: &'static str,
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
        .map_err(wrong(path, what))
}

/// When a certificate ends, in seconds since 1970.
fn ends_at(certificate: &CertificateDer<'_>) -> Option<u64> {
    let certificate = Certificate::from_der(certificate).ok()?;
    let validity = certificate.tbs_certificate().validity();
    Some(validity.not_after.to_unix_duration().as_secs())
}

fn wrong(path: &Path, what: &'static str) -> impl FnOnce(pem::Error) -> TlsError {
    let path = path.display().to_string();
    move |cause| TlsError::File { path, what, cause }
}
