//! Certificate rotation under load, and callers identified by certificates.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rcgen::SanType;
use second_opinion::config::{Config, Tls};
use second_opinion::identity::{ActorType, ScopeSet};
use second_opinion::wire::v1;
use second_opinion::wire::v1::second_opinion_service_client::SecondOpinionServiceClient;
use tempfile::TempDir;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Status};

use crate::support::authority::{Authority, dns, uri};
use crate::support::messages::{denial, get, id, second_opinion, submission};
use crate::support::server::{Client, EVERY_SCOPE, TestServer, bearer};
use crate::support::status::code_and_reason;

const TAR: &str = "spiffe://plan.example/tar";
const RAF: &str = "raf.plan.example";

async fn connect(
    server: &TestServer,
    tls: ClientTlsConfig,
) -> Result<Channel, tonic::transport::Error> {
    let endpoint = Endpoint::from_shared(server.address.clone()).expect("an address");
    endpoint
        .tls_config(tls)
        .expect("a configuration")
        .connect()
        .await
}

fn client(channel: Channel, token: Option<&str>) -> Client {
    SecondOpinionServiceClient::with_interceptor(channel, bearer(token))
}

async fn server(files: Tls) -> TestServer {
    let config = Config {
        tls_cert: Some(files.cert),
        tls_key: Some(files.key),
        tls_client_ca: files.client_ca,
        callers: BTreeMap::from([
            (
                TAR.to_owned(),
                ScopeSet::parse("second-opinion.submit second-opinion.read"),
            ),
            (RAF.to_owned(), ScopeSet::parse(EVERY_SCOPE)),
        ]),
        ..Config::default()
    };
    TestServer::start_with(&config, |store| store).await
}

/// Calls over one connection, and over a new one each time, until `stop` is set.
async fn call_on(
    server: Arc<TestServer>,
    tls: ClientTlsConfig,
    stop: Arc<AtomicBool>,
    calls: Arc<AtomicU64>,
) -> Result<(), String> {
    let token = server.token("reader", "second-opinion.read", ActorType::Service);
    let kept = connect(&server, tls.clone())
        .await
        .map_err(|error| format!("{error:?}"))?;
    let mut kept = client(kept, Some(&token));
    while !stop.load(Ordering::SeqCst) {
        let fresh = connect(&server, tls.clone())
            .await
            .map_err(|error| format!("{error:?}"))?;
        let mut fresh = client(fresh, Some(&token));
        for client in [&mut kept, &mut fresh] {
            let answer = client.get_determination(get(&id(), v1::View::Basic)).await;
            let status = answer.expect_err("an unknown id");
            if status.code() != Code::NotFound {
                return Err(format!("{status:?}"));
            }
            calls.fetch_add(1, Ordering::SeqCst);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_rotate_under_load_without_a_failed_call() {
    let folder = TempDir::new().expect("a folder");
    let (authority, callers) = (Authority::new("servers"), Authority::new("callers"));
    let files = authority.write_server(folder.path(), 2_100, Some(&callers));
    let trusted = files.client_ca.clone().expect("a path");
    let server = Arc::new(server(files.clone()).await);
    let certificates = Arc::clone(server.tls.as_ref().expect("certificates"));
    let (stop, calls) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let tasks: Vec<_> = (0..3)
        .map(|_| {
            let (stop, calls) = (Arc::clone(&stop), Arc::clone(&calls));
            tokio::spawn(call_on(
                Arc::clone(&server),
                authority.trusted().identity(callers.caller(vec![uri(TAR)])),
                stop,
                calls,
            ))
        })
        .collect();
    let mut expiries = vec![certificates.meters().expiry()];
    for round in 1..=50 {
        let (cert, key) = authority.server(2_100 + round);
        // One file after the other: between them key and certificate do not match, which is no failure.
        std::fs::write(&files.cert, cert).expect("a file");
        certificates.reload();
        assert_eq!(expiries.last(), Some(&certificates.meters().expiry()));
        std::fs::write(&files.key, key).expect("a file");
        certificates.reload();
        expiries.push(certificates.meters().expiry());
        // A second authority beside the callers' own, as during a migration of authorities.
        let other = Authority::new("others").pem();
        std::fs::write(&trusted, callers.pem() + &other).expect("a file");
        certificates.reload();
        let before = calls.load(Ordering::SeqCst);
        for _ in 0..2_000 {
            if calls.load(Ordering::SeqCst) > before + 6 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    stop.store(true, Ordering::SeqCst);
    for task in tasks {
        task.await.expect("no panic").expect("no failed call");
    }
    expiries.sort_unstable();
    expiries.dedup();
    assert_eq!(
        (expiries.len(), certificates.meters().reload_failures()),
        (51, 0)
    );
    assert!(calls.load(Ordering::SeqCst) > 100);
}

#[tokio::test]
async fn unusable_file_changes_only_the_failure_count() {
    let folder = TempDir::new().expect("a folder");
    let authority = Authority::new("servers");
    let files = authority.write_server(folder.path(), 2_100, Some(&authority));
    let server = server(files.clone()).await;
    let certificates = server.tls.as_ref().expect("certificates");
    let (expiry, good) = (
        certificates.meters().expiry(),
        std::fs::read(&files.key).expect("a key"),
    );
    let callers = files.client_ca.clone().expect("a path");
    let mut failures = 0;
    for (path, invalid) in [
        (
            &files.cert,
            Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        ),
        (&files.key, Some("nothing")),
        (&files.key, None),
        (&callers, Some("nothing")),
    ] {
        let valid = std::fs::read(path).expect("a file");
        match invalid {
            Some(text) => std::fs::write(path, text).expect("a file"),
            None => std::fs::remove_file(path).expect("a removal"),
        }
        certificates.reload();
        assert_eq!(
            certificates.meters().reload_failures(),
            failures,
            "a rotation may be in progress"
        );
        certificates.reload();
        failures += 1;
        assert_eq!(
            (
                certificates.meters().reload_failures(),
                certificates.meters().expiry()
            ),
            (failures, expiry)
        );
        connect(&server, authority.trusted())
            .await
            .expect("the last valid files");
        std::fs::write(path, valid).expect("a file");
        certificates.reload();
        certificates.reload();
        assert_eq!(
            certificates.meters().reload_failures(),
            failures,
            "usable again"
        );
    }
    assert_eq!(std::fs::read(&files.key).expect("a key"), good);
}

async fn rejection(client: &mut Client) -> (Code, String) {
    let answer = client.get_determination(get(&id(), v1::View::Basic)).await;
    code_and_reason(&answer.expect_err("refused"))
}

fn code_with(code: Code, reason: &str) -> (Code, String) {
    (code, reason.to_owned())
}

/// A client with a certificate for these names.
async fn client_named(server: &TestServer, authority: &Authority, names: Vec<SanType>) -> Client {
    let tls = authority.trusted().identity(authority.caller(names));
    client(connect(server, tls).await.expect("a connection"), None)
}

#[tokio::test]
async fn certificate_is_an_identity_with_the_scopes_of_its_name() {
    let folder = TempDir::new().expect("a folder");
    let authority = Authority::new("plan");
    let files = authority.write_server(folder.path(), 2_100, Some(&authority));
    let server = server(files).await;
    let mut tar = client_named(&server, &authority, vec![dns("host"), uri(TAR)]).await;
    let case = tar
        .submit_second_opinion(submission(second_opinion()))
        .await;
    let case = case
        .expect("an answer")
        .into_inner()
        .determination
        .expect("a determination");
    let full = tar
        .get_determination(get(&case.determination_id, v1::View::Full))
        .await;
    let expected = code_with(Code::PermissionDenied, "SCOPE_MISSING");
    assert_eq!(code_and_reason(&full.expect_err("no PHI")), expected);
    // This caller has every scope, and is not a person.
    let mut raf = client_named(&server, &authority, vec![dns("RAF.plan.example")]).await;
    let denied = raf.issue_denial(denial(&case.determination_id)).await;
    let expected = code_with(Code::PermissionDenied, "PERSON_REQUIRED");
    assert_eq!(code_and_reason(&denied.expect_err("a machine")), expected);
    let full = raf
        .get_determination(get(&case.determination_id, v1::View::Full))
        .await;
    let history = full
        .expect("an answer")
        .into_inner()
        .determination
        .expect("a determination")
        .history;
    assert_eq!(history[0].actor, TAR);

    let mut unknown = client_named(&server, &authority, vec![dns("other.plan.example")]).await;
    assert_eq!(
        rejection(&mut unknown).await,
        code_with(Code::Unauthenticated, "CERTIFICATE_UNKNOWN")
    );
    let plain = connect(&server, authority.trusted())
        .await
        .expect("a connection");
    let mut anonymous = client(plain.clone(), None);
    assert_eq!(
        rejection(&mut anonymous).await,
        code_with(Code::Unauthenticated, "TOKEN_MISSING")
    );
    tonic_health::pb::health_client::HealthClient::new(plain)
        .check(tonic_health::pb::HealthCheckRequest::default())
        .await
        .expect("health without a certificate");
}

#[tokio::test]
async fn token_takes_precedence_over_certificate() {
    let folder = TempDir::new().expect("a folder");
    let authority = Authority::new("plan");
    let server = server(authority.write_server(folder.path(), 2_100, Some(&authority))).await;
    let tls = authority
        .trusted()
        .identity(authority.caller(vec![uri(TAR)]));
    let channel = connect(&server, tls).await.expect("a connection");
    let none = server.token("reader", "", ActorType::Person);
    let mut person = client(channel.clone(), Some(&none));
    assert_eq!(
        rejection(&mut person).await,
        code_with(Code::PermissionDenied, "SCOPE_MISSING")
    );
    let mut bad = client(channel, Some("bad"));
    assert_eq!(
        rejection(&mut bad).await,
        code_with(Code::Unauthenticated, "TOKEN_MALFORMED")
    );
}

/// Whether the server accepts a caller with a certificate of this authority.
async fn is_accepted(server: &TestServer, servers: &Authority, callers: &Authority) -> bool {
    let tls = servers.trusted().identity(callers.caller(vec![uri(TAR)]));
    // In TLS 1.3 a client may connect before its certificate is rejected.
    let Ok(channel) = connect(server, tls).await else {
        return false;
    };
    let answer = client(channel, None)
        .get_determination(get(&id(), v1::View::Basic))
        .await;
    let status: Status = answer.expect_err("an unknown id");
    status.code() == Code::NotFound
}

#[tokio::test]
async fn reload_of_the_client_authority_ends_no_connection() {
    let folder = TempDir::new().expect("a folder");
    let (servers, old, new) = (
        Authority::new("servers"),
        Authority::new("old"),
        Authority::new("new"),
    );
    let files = servers.write_server(folder.path(), 2_100, Some(&old));
    let server = server(files.clone()).await;
    let certificates = server.tls.as_ref().expect("certificates");
    let callers = files.client_ca.expect("a path");
    let tls = servers.trusted().identity(old.caller(vec![uri(TAR)]));
    let mut kept = client(connect(&server, tls).await.expect("a connection"), None);
    assert_eq!(rejection(&mut kept).await.0, Code::NotFound);
    assert!(
        is_accepted(&server, &servers, &old).await && !is_accepted(&server, &servers, &new).await
    );
    std::fs::write(&callers, old.pem() + &new.pem()).expect("a file");
    certificates.reload();
    assert!(
        is_accepted(&server, &servers, &old).await && is_accepted(&server, &servers, &new).await
    );
    std::fs::write(&callers, new.pem()).expect("a file");
    certificates.reload();
    assert!(
        !is_accepted(&server, &servers, &old).await && is_accepted(&server, &servers, &new).await
    );
    assert_eq!(
        rejection(&mut kept).await.0,
        Code::NotFound,
        "the open connection stays open"
    );
    assert_eq!(certificates.meters().reload_failures(), 0);
}
