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

async fn connected(
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
    made: Arc<AtomicU64>,
) -> Result<(), String> {
    let token = server.token("reader", "second-opinion.read", ActorType::Service);
    let kept = connected(&server, tls.clone())
        .await
        .map_err(|error| format!("{error:?}"))?;
    let mut kept = client(kept, Some(&token));
    while !stop.load(Ordering::SeqCst) {
        let fresh = connected(&server, tls.clone())
            .await
            .map_err(|error| format!("{error:?}"))?;
        let mut fresh = client(fresh, Some(&token));
        for client in [&mut kept, &mut fresh] {
            let answer = client.get_determination(get(&id(), v1::View::Basic)).await;
            let status = answer.expect_err("there is none with a new id");
            if status.code() != Code::NotFound {
                return Err(format!("{status:?}"));
            }
            made.fetch_add(1, Ordering::SeqCst);
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
    let shown = Arc::clone(server.tls.as_ref().expect("certificates"));
    let (stop, made) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let calling: Vec<_> = (0..3)
        .map(|_| {
            let (stop, made) = (Arc::clone(&stop), Arc::clone(&made));
            tokio::spawn(call_on(
                Arc::clone(&server),
                authority.trusted().identity(callers.caller(vec![uri(TAR)])),
                stop,
                made,
            ))
        })
        .collect();
    let mut ends = vec![shown.meters().expiry()];
    for turn in 1..=50 {
        let (cert, key) = authority.server(2_100 + turn);
        // Each file by itself: between the two the key is not the certificate's, which is no failure.
        std::fs::write(&files.cert, cert).expect("a file");
        shown.reload();
        assert_eq!(ends.last(), Some(&shown.meters().expiry()));
        std::fs::write(&files.key, key).expect("a file");
        shown.reload();
        ends.push(shown.meters().expiry());
        // Another authority each time beside the callers' own, as during a migration of authorities.
        let other = Authority::new("others").pem();
        std::fs::write(&trusted, callers.pem() + &other).expect("a file");
        shown.reload();
        let before = made.load(Ordering::SeqCst);
        for _ in 0..2_000 {
            if made.load(Ordering::SeqCst) > before + 6 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    stop.store(true, Ordering::SeqCst);
    for calling in calling {
        calling.await.expect("no panic").expect("no failed call");
    }
    ends.sort_unstable();
    ends.dedup();
    assert_eq!((ends.len(), shown.meters().reload_failures()), (51, 0));
    assert!(made.load(Ordering::SeqCst) > 100);
}

#[tokio::test]
async fn unusable_file_changes_only_the_failure_count() {
    let folder = TempDir::new().expect("a folder");
    let authority = Authority::new("servers");
    let files = authority.write_server(folder.path(), 2_100, Some(&authority));
    let server = server(files.clone()).await;
    let shown = server.tls.as_ref().expect("certificates");
    let (expiry, good) = (
        shown.meters().expiry(),
        std::fs::read(&files.key).expect("a key"),
    );
    let callers = files.client_ca.clone().expect("a path");
    let mut failures = 0;
    for (path, broken) in [
        (
            &files.cert,
            Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        ),
        (&files.key, Some("nothing")),
        (&files.key, None),
        (&callers, Some("nothing")),
    ] {
        let sound = std::fs::read(path).expect("a file");
        match broken {
            Some(text) => std::fs::write(path, text).expect("a file"),
            None => std::fs::remove_file(path).expect("gone"),
        }
        shown.reload();
        assert_eq!(
            shown.meters().reload_failures(),
            failures,
            "a rotation may be in progress"
        );
        shown.reload();
        failures += 1;
        assert_eq!(
            (shown.meters().reload_failures(), shown.meters().expiry()),
            (failures, expiry)
        );
        connected(&server, authority.trusted())
            .await
            .expect("the last good ones");
        std::fs::write(path, sound).expect("a file");
        shown.reload();
        shown.reload();
        assert_eq!(shown.meters().reload_failures(), failures, "usable again");
    }
    assert_eq!(std::fs::read(&files.key).expect("a key"), good);
}

async fn refused(client: &mut Client) -> (Code, String) {
    let answer = client.get_determination(get(&id(), v1::View::Basic)).await;
    code_and_reason(&answer.expect_err("refused"))
}

fn because(code: Code, reason: &str) -> (Code, String) {
    (code, reason.to_owned())
}

/// A client that shows a certificate with these names.
async fn showing(server: &TestServer, authority: &Authority, names: Vec<SanType>) -> Client {
    let tls = authority.trusted().identity(authority.caller(names));
    client(connected(server, tls).await.expect("a connection"), None)
}

#[tokio::test]
async fn certificate_is_an_identity_with_the_scopes_of_its_name() {
    let folder = TempDir::new().expect("a folder");
    let authority = Authority::new("plan");
    let files = authority.write_server(folder.path(), 2_100, Some(&authority));
    let server = server(files).await;
    let mut tar = showing(&server, &authority, vec![dns("host"), uri(TAR)]).await;
    let case = tar
        .submit_second_opinion(submission(second_opinion()))
        .await;
    let case = case.expect("it").into_inner().determination.expect("it");
    let full = tar
        .get_determination(get(&case.determination_id, v1::View::Full))
        .await;
    let expected = because(Code::PermissionDenied, "SCOPE_MISSING");
    assert_eq!(code_and_reason(&full.expect_err("no PHI")), expected);
    // It has every scope, but is not a person.
    let mut raf = showing(&server, &authority, vec![dns("RAF.plan.example")]).await;
    let denied = raf.issue_denial(denial(&case.determination_id)).await;
    let expected = because(Code::PermissionDenied, "PERSON_REQUIRED");
    assert_eq!(code_and_reason(&denied.expect_err("a machine")), expected);
    let full = raf
        .get_determination(get(&case.determination_id, v1::View::Full))
        .await;
    let history = full
        .expect("it")
        .into_inner()
        .determination
        .expect("it")
        .history;
    assert_eq!(history[0].actor, TAR);

    let mut stranger = showing(&server, &authority, vec![dns("other.plan.example")]).await;
    assert_eq!(
        refused(&mut stranger).await,
        because(Code::Unauthenticated, "CERTIFICATE_UNKNOWN")
    );
    let plain = connected(&server, authority.trusted())
        .await
        .expect("a connection");
    let mut nobody = client(plain.clone(), None);
    assert_eq!(
        refused(&mut nobody).await,
        because(Code::Unauthenticated, "TOKEN_MISSING")
    );
    tonic_health::pb::health_client::HealthClient::new(plain)
        .check(tonic_health::pb::HealthCheckRequest::default())
        .await
        .expect("health asks for no certificate");
}

#[tokio::test]
async fn token_takes_precedence_over_certificate() {
    let folder = TempDir::new().expect("a folder");
    let authority = Authority::new("plan");
    let server = server(authority.write_server(folder.path(), 2_100, Some(&authority))).await;
    let tls = authority
        .trusted()
        .identity(authority.caller(vec![uri(TAR)]));
    let channel = connected(&server, tls).await.expect("a connection");
    let none = server.token("reader", "", ActorType::Person);
    let mut person = client(channel.clone(), Some(&none));
    assert_eq!(
        refused(&mut person).await,
        because(Code::PermissionDenied, "SCOPE_MISSING")
    );
    let mut bad = client(channel, Some("bad"));
    assert_eq!(
        refused(&mut bad).await,
        because(Code::Unauthenticated, "TOKEN_MALFORMED")
    );
}

/// Whether a caller with a certificate of an authority is answered.
async fn is_known(server: &TestServer, servers: &Authority, callers: &Authority) -> bool {
    let tls = servers.trusted().identity(callers.caller(vec![uri(TAR)]));
    // In TLS 1.3 a client may think itself connected before its certificate is refused.
    let Ok(channel) = connected(server, tls).await else {
        return false;
    };
    let answer = client(channel, None)
        .get_determination(get(&id(), v1::View::Basic))
        .await;
    let status: Status = answer.expect_err("there is none with a new id");
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
    let shown = server.tls.as_ref().expect("certificates");
    let callers = files.client_ca.expect("a path");
    let tls = servers.trusted().identity(old.caller(vec![uri(TAR)]));
    let mut kept = client(connected(&server, tls).await.expect("a connection"), None);
    assert_eq!(refused(&mut kept).await.0, Code::NotFound);
    assert!(is_known(&server, &servers, &old).await && !is_known(&server, &servers, &new).await);
    std::fs::write(&callers, old.pem() + &new.pem()).expect("both");
    shown.reload();
    assert!(is_known(&server, &servers, &old).await && is_known(&server, &servers, &new).await);
    std::fs::write(&callers, new.pem()).expect("the new one alone");
    shown.reload();
    assert!(!is_known(&server, &servers, &old).await && is_known(&server, &servers, &new).await);
    assert_eq!(
        refused(&mut kept).await.0,
        Code::NotFound,
        "the open connection stays open"
    );
    assert_eq!(shown.meters().reload_failures(), 0);
}
