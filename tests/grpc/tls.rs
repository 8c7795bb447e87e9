//! TLS: calls, watches and the drain, as without TLS.

use std::sync::Arc;
use std::time::{Duration, Instant};

use second_opinion::config::{Config, Tls};
use second_opinion::wire::v1;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, crypto};
use tokio_rustls::{TlsConnector, rustls};
use tonic::Code;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};

use crate::support::certificate;
use crate::support::frames::{self, GOAWAY, NO_ERROR, SETTINGS};
use crate::support::messages::{get, second_opinion, submission};
use crate::support::server::TestServer;
use crate::support::status::code_and_reason;

/// Maximum time of a drain without open calls.
const DRAIN_MAX: Duration = Duration::from_secs(3);

async fn server(folder: &TempDir) -> TestServer {
    let files = certificate::make(folder.path());
    let config = Config {
        tls_cert: Some(files.cert),
        tls_key: Some(files.key),
        ..Config::default()
    };
    TestServer::start_with(&config, |store| store).await
}

/// Stops a server, which must take little time and interrupt no call.
async fn drain(server: &mut TestServer) {
    let start = Instant::now();
    assert!(server.stop().await, "every call could finish");
    assert!(
        start.elapsed() < DRAIN_MAX,
        "the drain took {:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn idle_connections_do_not_delay_the_drain() {
    let folder = TempDir::new().expect("a folder");
    let mut server = server(&folder).await;
    let mut client = server.reviewer().await;
    let case = client
        .submit_second_opinion(submission(second_opinion()))
        .await
        .expect("a submission")
        .into_inner();
    let id = case
        .determination
        .expect("a determination")
        .determination_id;
    // A second connection, which stays open and idle.
    let mut idle = server.reviewer().await;
    idle.get_determination(get(&id, v1::View::Full))
        .await
        .expect("an answer");
    drain(&mut server).await;
    let after = idle.get_determination(get(&id, v1::View::Full)).await;
    assert_eq!(after.expect_err("no server").code(), Code::Unavailable);
}

#[tokio::test]
async fn watch_ends_as_unavailable() {
    let folder = TempDir::new().expect("a folder");
    let mut server = server(&folder).await;
    let mut client = server.reviewer().await;
    let mut stream = client
        .watch_determinations(v1::WatchDeterminationsRequest::default())
        .await
        .expect("a stream")
        .into_inner();
    stream
        .message()
        .await
        .expect("no error")
        .expect("a greeting");
    let watching = tokio::spawn(async move { stream.message().await });
    drain(&mut server).await;
    let status = watching.await.expect("no panic").expect_err("a drain");
    assert_eq!(
        code_and_reason(&status),
        (Code::Unavailable, "DRAINING".to_owned())
    );
}

#[tokio::test]
async fn silent_peer_does_not_delay_the_drain() {
    let folder = TempDir::new().expect("a folder");
    for mut server in [TestServer::start().await, server(&folder).await] {
        let address = server.address.split("://").last().expect("an address");
        let silent = TcpStream::connect(address).await.expect("a connection");
        // A later connection is answered, so the silent one has been accepted.
        drop(server.reviewer().await);
        drain(&mut server).await;
        drop(silent);
    }
}

#[tokio::test]
async fn client_without_the_authority_or_without_tls_is_refused() {
    let folder = TempDir::new().expect("a folder");
    let server = server(&folder).await;
    let other_folder = TempDir::new().expect("a folder");
    let other = certificate::make(other_folder.path());
    let other = Certificate::from_pem(std::fs::read(other.cert).expect("a certificate"));
    let endpoint = Endpoint::from_shared(server.address.clone())
        .expect("an address")
        .tls_config(ClientTlsConfig::new().ca_certificate(other))
        .expect("an authority");
    endpoint.connect().await.expect_err("another authority");
    let address = server.address.replace("https", "http");
    let without_tls = Endpoint::from_shared(address).expect("an address");
    // The connection may be established; no call over it is answered.
    if let Ok(channel) = without_tls.connect().await {
        let mut client = v1::policy_service_client::PolicyServiceClient::new(channel);
        client
            .get_policy(v1::GetPolicyRequest::default())
            .await
            .expect_err("no TLS");
    }
}

fn files(folder: &TempDir) -> Tls {
    Tls {
        cert: folder.path().join("server.pem"),
        key: folder.path().join("server.key"),
        client_ca: None,
    }
}

/// A TLS connection without an HTTP/2 client.
async fn connect(
    server: &TestServer,
    tls: &Tls,
    versions: &[&'static SupportedProtocolVersion],
) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(&tls.cert).expect("a certificate");
    roots.add(certificate).expect("an authority");
    let mut config =
        ClientConfig::builder_with_provider(Arc::new(crypto::aws_lc_rs::default_provider()))
            .with_protocol_versions(versions)
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let address = server.address.split("://").last().expect("an address");
    let stream = TcpStream::connect(address).await.expect("a connection");
    let name = ServerName::try_from("127.0.0.1").expect("a name");
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(name, stream).await.expect("a handshake")
}

#[tokio::test]
async fn drain_sends_goaway() {
    let folder = TempDir::new().expect("a folder");
    let mut server = server(&folder).await;
    let tls = files(&folder);
    let mut stream = connect(&server, &tls, rustls::DEFAULT_VERSIONS).await;
    frames::send(&mut stream, &frames::preface()).await;
    frames::read_until(&mut stream, SETTINGS)
        .await
        .expect("HTTP/2");
    let reading = tokio::spawn(async move { frames::read_until(&mut stream, GOAWAY).await });
    drain(&mut server).await;
    let goaway = reading.await.expect("no panic").expect("a GOAWAY");
    assert_eq!(frames::goaway_error(&goaway), NO_ERROR);
}

#[tokio::test]
async fn tls_1_2_and_tls_1_3_are_accepted() {
    let folder = TempDir::new().expect("a folder");
    let server = server(&folder).await;
    for version in [&TLS12, &TLS13] {
        let stream = connect(&server, &files(&folder), &[version]).await;
        let (_, tls) = stream.get_ref();
        assert_eq!(tls.protocol_version(), Some(version.version));
        assert_eq!(tls.alpn_protocol(), Some(&b"h2"[..]));
    }
}
