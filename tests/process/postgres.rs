//! Several servers on one PostgreSQL, which goes away and comes back: what do callers see, and is anything lost?

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use second_opinion::store::postgres::PostgresStore;
use second_opinion::store::{Store as _, verify_log};
use second_opinion::wire::v1;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;

use crate::program::{Server, program, run, text};
use crate::support::messages::{get, second_opinion, submission};
use crate::support::postgres::skipped;
use crate::support::server::Client;

/// Longer than anything here takes, so that a test that hangs ends.
const A_WHILE: Duration = Duration::from_mins(1);

/// A PostgreSQL of the test's own, which it may end as it likes.
pub struct Database {
    folder: PathBuf,
    pub url: String,
    /// The folder of its certificate; `None`: it takes connections in the clear.
    certificate: Option<PathBuf>,
}

impl Database {
    fn start() -> Self {
        Self::start_with(None)
    }

    pub fn start_with(certificate: Option<PathBuf>) -> Self {
        let name = format!("second-opinion-test-{}", uuid::Uuid::now_v7());
        let mut database = Self {
            folder: std::env::temp_dir().join(name),
            url: String::new(),
            certificate,
        };
        database.url = database.script("start");
        database
    }

    fn script(&self, command: &str) -> String {
        let mut script = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/postgres"));
        if let Some(certificate) = &self.certificate {
            script.env("SECOND_OPINION_POSTGRES_TLS", certificate);
        }
        let done = script.arg(command).arg(&self.folder).output();
        let done = done.expect("the script");
        assert!(done.status.success(), "{}", text(&done.stderr));
        text(&done.stdout).trim().to_owned()
    }

    /// As a power cut ends it.
    fn kill(&self) {
        self.script("kill");
    }

    /// Where it was, with what it had.
    fn restart(&self) {
        assert_eq!(self.script("start"), self.url);
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.script("stop");
    }
}

/// Waits until health tells it; gives how long that took.
async fn health_tells(server: &Server, expected: &str) -> Duration {
    let began = Instant::now();
    let channel = tonic::transport::Endpoint::from_shared(server.address.clone());
    let channel = channel.expect("an address").connect().await;
    let mut health = HealthClient::new(channel.expect("a connection"));
    loop {
        let answer = health.check(HealthCheckRequest::default()).await;
        let status = answer.expect("health").into_inner().status();
        if status.as_str_name() == expected {
            return began.elapsed();
        }
        assert!(began.elapsed() < A_WHILE, "{expected}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn is_unavailable_for_now(status: &Status) -> bool {
    let details = status.get_error_details();
    let again = details
        .retry_info()
        .and_then(|retry| retry.retry_delay)
        .is_some();
    status.code() == Code::Unavailable && again
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_goes_away_is_told_of_at_once_and_is_back_by_itself() {
    if let Some(why) = skipped() {
        println!("skipped: {why}");
        return;
    }
    let database = Database::start();
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let store = ["--store", database.url.as_str()];
    let command = |command: &str| run(data, &[store[0], store[1], command], "");
    let unmigrated = command("serve");
    assert_eq!(unmigrated.status.code(), Some(69));
    assert!(text(&unmigrated.stderr).contains("second-opinion migrate"));
    assert_eq!(text(&command("migrate").stdout), "1\n2\n");
    assert_eq!(text(&command("migrate").stdout), "");

    let server = Server::start_with(data, &store);
    let client = server.client(data).await;
    let request = submission(second_opinion());
    let first = client.clone().submit_second_opinion(request.clone()).await;
    let first = first.expect("it").into_inner().determination.expect("it");
    health_tells(&server, "SERVING").await;

    database.kill();
    let told = health_tells(&server, "NOT_SERVING").await;
    println!("NOT_SERVING after {told:?}");
    // None waits for what will not come: far less time than a call has.
    let began = Instant::now();
    let calls = (0..64).map(|n| {
        let (mut client, request) = (client.clone(), request.clone());
        let id = first.determination_id.clone();
        async move {
            if n % 2 == 0 {
                client.submit_second_opinion(request).await.map(drop)
            } else {
                let read = client.get_determination(get(&id, v1::View::Basic));
                read.await.map(drop)
            }
        }
    });
    for answer in join_all(calls).await {
        let status = answer.expect_err("the database is away");
        assert!(is_unavailable_for_now(&status), "{status:?}");
        assert!(!format!("{status:?}").contains("127.0.0.1"), "{status:?}");
    }
    println!("64 calls refused within {:?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(10));

    database.restart();
    let back = health_tells(&server, "SERVING").await;
    println!("SERVING after {back:?}");
    let again = client.clone().submit_second_opinion(request).await;
    let again = again.expect("it").into_inner().determination.expect("it");
    assert_eq!(again, first, "the first answer again");
    let proved = command("verify-log");
    assert_eq!(proved.status.code(), Some(0), "{}", text(&proved.stderr));
    assert!(text(&proved.stderr).contains("1 events"));
    assert_eq!(server.terminate(), Some(0));
}

/// Sends a request to one server after another until one acknowledges it.
async fn until_acknowledged(
    clients: &[Client],
    request: &v1::SubmitSecondOpinionRequest,
    from: usize,
) -> String {
    let began = Instant::now();
    for at in from.. {
        let mut client = clients[at % clients.len()].clone();
        match client.submit_second_opinion(request.clone()).await {
            Ok(answer) => {
                let made = answer.into_inner().determination.expect("it");
                return made.determination_id;
            }
            Err(status) => {
                // A server that is killed ends its connections; the client says so in its own words.
                let cut = std::error::Error::source(&status).is_some();
                assert!(is_unavailable_for_now(&status) || cut, "{status:?}");
            }
        }
        assert!(began.elapsed() < A_WHILE, "no server acknowledges");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    unreachable!("there is always a next server")
}

/// Follows every event from the beginning, goes on with its cursor whenever a stream ends, and cuts it now and then
/// itself; gives what it saw, once the end is there.
async fn watch(clients: Vec<Client>, nth: usize, end: Arc<AtomicUsize>) -> Vec<(String, i64)> {
    let mut seen = Vec::new();
    let mut cursor = "0".to_owned();
    for at in nth.. {
        if seen.len() == end.load(Ordering::SeqCst) {
            break;
        }
        let mut client = clients[at % clients.len()].clone();
        let from = v1::WatchDeterminationsRequest {
            cursor: cursor.clone(),
        };
        let Ok(stream) = client.watch_determinations(from).await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let mut stream = stream.into_inner();
        for _ in 0..(17 + 13 * nth) {
            let message = tokio::time::timeout(Duration::from_millis(500), stream.message());
            let Ok(Ok(Some(message))) = message.await else {
                break;
            };
            cursor = message.cursor;
            if let Some(event) = message.event {
                seen.push((event.determination_id, event.version));
            }
        }
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_servers_lose_one_of_them_and_the_database_twice_and_no_change() {
    if let Some(why) = skipped() {
        println!("skipped: {why}");
        return;
    }
    let database = Database::start();
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let store = ["--store", database.url.as_str()];
    let migrated = program(data).args(store).arg("migrate").status();
    assert!(migrated.expect("the program").success());
    let mut servers: Vec<Server> = (0..3).map(|_| Server::start_with(data, &store)).collect();
    let mut clients = Vec::new();
    for server in &servers {
        clients.push(server.client(data).await);
    }
    let end = Arc::new(AtomicUsize::new(usize::MAX));
    let watchers: Vec<_> = (0..5)
        .map(|nth| tokio::spawn(watch(clients.clone(), nth, Arc::clone(&end))))
        .collect();
    let stop = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..12)
        .map(|nth| {
            let (clients, stop) = (clients.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                while !stop.load(Ordering::SeqCst) {
                    let request = submission(second_opinion());
                    let id = until_acknowledged(&clients, &request, nth).await;
                    acknowledged.push((request, id));
                }
                acknowledged
            })
        })
        .collect();
    let pause = || tokio::time::sleep(Duration::from_millis(700));
    pause().await;
    servers.remove(1).kill();
    pause().await;
    for _ in 0..2 {
        database.kill();
        pause().await;
        database.restart();
        pause().await;
    }
    stop.store(true, Ordering::SeqCst);
    let mut acknowledged = Vec::new();
    for caller in callers {
        acknowledged.extend(caller.await.expect("a caller"));
    }
    println!("{} changes were acknowledged", acknowledged.len());

    let store = PostgresStore::open_read_only(&database.url).await;
    let store = store.expect("a reader");
    let head = store.head().await.expect("read").position;
    let log = store.log_after(0, usize::MAX).await.expect("the log");
    let log: Vec<(String, i64)> = log
        .iter()
        .map(|entry| (entry.determination_id.to_string(), i64::from(entry.version)))
        .collect();
    assert_eq!(log.len(), acknowledged.len(), "each change is there once");
    assert_eq!(u64::try_from(log.len()).expect("few"), head);
    for (request, id) in acknowledged.iter().step_by(7) {
        assert!(log.contains(&(id.clone(), 1)));
        assert_eq!(&until_acknowledged(&clients, request, 0).await, id);
    }
    end.store(log.len(), Ordering::SeqCst);
    for watcher in watchers {
        let seen = tokio::time::timeout(A_WHILE, watcher).await;
        assert!(
            seen.expect("in time").expect("no panic") == log,
            "not the log"
        );
    }
    let report = verify_log(&store).await.expect("read");
    assert!(report.is_clean(), "{:?}", report.findings);
}
