//! Over TLS everything is as in the clear, the end too.

use std::time::{Duration, Instant};

use second_opinion::config::Config;
use second_opinion::wire::v1;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tonic::Code;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};

use crate::support::certificate;
use crate::support::messages::{get, second_opinion, submission};
use crate::support::server::TestServer;
use crate::support::status::refusal;

/// A drain that waits for no one is over in this time.
const PROMPTLY: Duration = Duration::from_secs(3);

async fn server(folder: &TempDir) -> TestServer {
    let config = Config {
        tls: Some(certificate::make(folder.path())),
        ..Config::default()
    };
    TestServer::start_with(&config, |store| store).await
}

/// Ends a server, which must be over promptly and cut no call off.
async fn end(server: &mut TestServer) {
    let began = Instant::now();
    assert!(server.stop().await, "every call could finish");
    assert!(began.elapsed() < PROMPTLY, "it took {:?}", began.elapsed());
}

#[tokio::test]
async fn calls_are_answered_and_open_connections_do_not_hold_up_the_end() {
    let folder = TempDir::new().expect("a folder");
    let mut server = server(&folder).await;
    let mut client = server.reviewer().await;
    let case = client
        .submit_second_opinion(submission(second_opinion()))
        .await
        .expect("a submission")
        .into_inner();
    let id = case.determination.expect("it").determination_id;
    // A second connection, which stays open with nothing to do.
    let mut idle = server.reviewer().await;
    idle.get_determination(get(&id, v1::View::Full))
        .await
        .expect("it");
    end(&mut server).await;
    let after = idle.get_determination(get(&id, v1::View::Full)).await;
    assert_eq!(after.expect_err("no server").code(), Code::Unavailable);
}

#[tokio::test]
async fn a_watch_ends_as_unavailable() {
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
    let ended = tokio::spawn(async move { stream.message().await });
    end(&mut server).await;
    let status = ended.await.expect("a task").expect_err("the end");
    assert_eq!(refusal(&status), (Code::Unavailable, "DRAINING".to_owned()));
}

#[tokio::test]
async fn a_peer_that_never_comes_to_a_handshake_does_not_hold_up_the_end() {
    let folder = TempDir::new().expect("a folder");
    for mut server in [TestServer::start().await, server(&folder).await] {
        let address = server.address.split("://").last().expect("an address");
        let silent = TcpStream::connect(address).await.expect("a connection");
        // Whoever comes later is answered, so the silent one has been accepted.
        drop(server.reviewer().await);
        end(&mut server).await;
        drop(silent);
    }
}

#[tokio::test]
async fn who_does_not_know_the_authority_or_speaks_in_the_clear_is_not_answered() {
    let folder = TempDir::new().expect("a folder");
    let server = server(&folder).await;
    let elsewhere = TempDir::new().expect("a folder");
    let other = certificate::make(elsewhere.path());
    let other = Certificate::from_pem(std::fs::read(other.cert).expect("a certificate"));
    let stranger = Endpoint::from_shared(server.address.clone())
        .expect("an address")
        .tls_config(ClientTlsConfig::new().ca_certificate(other))
        .expect("an authority");
    stranger.connect().await.expect_err("another authority");
    let clear = server.address.replace("https", "http");
    let clear = Endpoint::from_shared(clear).expect("an address");
    // The connection may stand; no call over it is answered.
    if let Ok(channel) = clear.connect().await {
        let mut client = v1::policy_service_client::PolicyServiceClient::new(channel);
        client
            .get_policy(v1::GetPolicyRequest::default())
            .await
            .expect_err("in the clear");
    }
}
