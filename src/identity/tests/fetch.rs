//! The fetch of a JWKS over https: redirects, oversized documents, and other certificates.

use std::sync::Arc;

use rcgen::{CertifiedKey, KeyPair};
use reqwest::{Certificate, Client};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{DEFAULT_VERSIONS, ServerConfig};

use crate::identity::JwksError;
use crate::identity::jwks::{Fetch as _, FromUrl};

/// A certificate for this machine, and its key.
fn certificate() -> CertifiedKey<KeyPair> {
    rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap()
}

/// Serves the same reply to each request, and returns the URL.
async fn serve(key: &CertifiedKey<KeyPair>, reply: Vec<u8>) -> String {
    let private = PrivatePkcs8KeyDer::from(key.signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(DEFAULT_VERSIONS)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], PrivateKeyDer::from(private))
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/keys?secret=1", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(&reply).await;
            let _ = stream.shutdown().await;
        }
    });
    url
}

async fn fetch(url: &str, trusted: &CertifiedKey<KeyPair>) -> Result<Vec<u8>, JwksError> {
    let trusted = Certificate::from_der(trusted.cert.der()).unwrap();
    let client = Client::builder().tls_certs_only([trusted]);
    let fetch = FromUrl::new(url.parse().unwrap(), client)?;
    fetch.fetch().await
}

fn ok(body: &[u8]) -> Vec<u8> {
    [b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", body].concat()
}

#[tokio::test]
async fn document_is_fetched_from_a_trusted_server_alone() {
    let key = certificate();
    let url = serve(&key, ok(b"{\"keys\": []}")).await;
    assert_eq!(fetch(&url, &key).await.unwrap(), b"{\"keys\": []}");
    let error = fetch(&url, &certificate()).await.unwrap_err();
    assert!(matches!(error, JwksError::Fetch(_)), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[tokio::test]
async fn redirect_is_not_followed() {
    let key = certificate();
    let target = serve(&key, ok(b"{\"keys\": []}")).await;
    let reply = format!("HTTP/1.1 302 Found\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n");
    let url = serve(&key, reply.into_bytes()).await;
    let error = fetch(&url, &key).await.unwrap_err();
    assert!(matches!(error, JwksError::Status(302)), "{error}");
}

#[tokio::test]
async fn oversized_document_is_refused() {
    let key = certificate();
    let url = serve(&key, ok(&vec![b' '; 1024 * 1024 + 1])).await;
    let error = fetch(&url, &key).await.unwrap_err();
    assert!(matches!(error, JwksError::TooLarge), "{error}");
}
