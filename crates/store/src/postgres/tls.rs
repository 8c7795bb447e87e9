//! How is the way to the database encrypted? By rustls, with the server's certificate and name checked.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

use super::address::{Authority, Tls};
use crate::StoreError;

/// Makes the encrypted side of connections.
#[derive(Clone)]
pub(super) struct Encryption {
    /// `None`: in the clear.
    config: Option<Arc<ClientConfig>>,
}

impl Encryption {
    /// # Errors
    /// When the authorities' file cannot be read, or the system has none.
    pub(super) fn new(tls: &Tls) -> Result<Self, StoreError> {
        let authority = match tls {
            Tls::Off => return Ok(Self { config: None }),
            Tls::WhereOffered(authority) | Tls::Verified(authority) => authority,
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(&error))?;
        let builder = match authority {
            Authority::System => builder
                .with_platform_verifier()
                .map_err(|error| unusable(&error))?,
            Authority::File(path) => {
                let mut roots = RootCertStore::empty();
                let certificates = CertificateDer::pem_file_iter(path)
                    .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                    .map_err(|error| {
                        let path = path.display();
                        StoreError::Unavailable(format!("`{path}` holds no certificate: {error}"))
                    })?;
                let (taken, _) = roots.add_parsable_certificates(certificates);
                if taken == 0 {
                    let path = path.display();
                    let empty = format!("`{path}` holds no certificate that can be used");
                    return Err(StoreError::Unavailable(empty));
                }
                builder.with_root_certificates(roots)
            }
        };
        let config = builder.with_no_client_auth();
        Ok(Self {
            config: Some(Arc::new(config)),
        })
    }
}

fn unusable(error: &rustls::Error) -> StoreError {
    StoreError::Unavailable(format!("TLS to the database cannot be set up: {error}"))
}

/// One connection's encryption, to a host by its name.
pub(super) struct ToHost {
    config: Option<Arc<ClientConfig>>,
    host: String,
}

impl<S> MakeTlsConnect<S> for Encryption
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Encrypted<S>;
    type TlsConnect = ToHost;
    type Error = io::Error;

    /// The name is looked at when it is needed: this is called for connections in the clear too.
    fn make_tls_connect(&mut self, host: &str) -> Result<ToHost, io::Error> {
        Ok(ToHost {
            config: self.config.clone(),
            host: host.to_owned(),
        })
    }
}

impl<S> TlsConnect<S> for ToHost
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Encrypted<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let config = self.config.ok_or_else(|| {
                io::Error::other("TLS is off, and the server was to be asked for none")
            })?;
            let host = ServerName::try_from(self.host).map_err(|_| {
                io::Error::other("the host is no name that a certificate could have")
            })?;
            let stream = TlsConnector::from(config).connect(host, stream).await?;
            Ok(Encrypted(stream))
        })
    }
}

/// A connection that is encrypted.
pub(super) struct Encrypted<S>(TlsStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> tokio_postgres::tls::TlsStream for Encrypted<S> {
    /// The certificate was verified: a password is not bound to it as well.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Encrypted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Encrypted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
