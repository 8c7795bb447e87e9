//! The measured servers: separate processes that are killed on drop.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use second_opinion::identity::{ActorType, DevelopmentIdentity};
use tonic::transport::{Channel, Endpoint};

/// The environment variable that names the service's executable.
const PROGRAM_VARIABLE: &str = "SECOND_OPINION_BENCH_PROGRAM";

/// A server process.
pub struct ServerProcess {
    child: Child,
    address: String,
    /// The access token for its calls; empty if it requires none.
    pub token: String,
}

impl ServerProcess {
    /// Starts the echo server, which is this executable with another argument.
    pub async fn echo() -> Self {
        let address = free_address();
        let executable = std::env::current_exe().expect("this executable");
        let child = Command::new(executable)
            .args(["--echo", &address])
            .spawn()
            .expect("the echo");
        Self {
            child,
            address,
            token: String::new(),
        }
        .wait_until_ready()
        .await
    }

    /// Starts the service on a store, by default an `SQLite` file in the data folder. Its key and log are in the data folder.
    pub async fn service(data: &Path, store: Option<&str>) -> Self {
        if store.is_some() {
            let mut migrate = command(data, store);
            let status = migrate.arg("migrate").stdout(Stdio::null()).status();
            assert!(status.expect("the service").success());
        }
        let (address, ops) = (free_address(), free_address());
        let child = command(data, store)
            .args(["serve", "--listen", &address, "--ops-listen", &ops])
            .args(["--log", "warn"])
            // Audit lines are written to a file, to cost what they do in production.
            .stderr(std::fs::File::create(data.join("log.jsonl")).expect("a log"))
            .stdout(Stdio::null())
            .spawn()
            .expect("the server");
        let mut server = Self {
            child,
            address,
            token: String::new(),
        }
        .wait_until_ready()
        .await;
        let identity = DevelopmentIdentity::load_or_create(data).expect("a key");
        let scopes = "second-opinion.submit second-opinion.read second-opinion.read-phi second-opinion.review";
        server.token = identity.token(
            "bench",
            scopes,
            ActorType::Person,
            TimeDelta::hours(8),
            Utc::now(),
        );
        server
    }

    async fn wait_until_ready(self) -> Self {
        for _ in 0..5_000 {
            if tokio::net::TcpStream::connect(&self.address).await.is_ok() {
                return self;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        panic!("`{}` does not accept connections", self.address);
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    /// Adds the access token to a request.
    pub fn authorize<T>(&self, request: &mut tonic::Request<T>) {
        let token = format!("Bearer {}", self.token).parse().expect("a token");
        request.metadata_mut().insert("authorization", token);
    }

    pub async fn channel(&self) -> Channel {
        let endpoint =
            Endpoint::from_shared(format!("http://{}", self.address)).expect("an address");
        endpoint
            .tcp_nodelay(true)
            .connect()
            .await
            .expect("a connection")
    }

    /// The resident memory of the process, read from `/proc`.
    pub fn resident_kilobytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .expect("its status");
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .expect("its memory");
        line.split_whitespace()
            .nth(1)
            .and_then(|number| number.parse().ok())
            .expect("a number")
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // The process may have exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The service's executable, or another build's that the environment names. Variables of the benchmark are removed, because
/// the service refuses variables that it does not know.
fn command(data: &Path, store: Option<&str>) -> Command {
    let built = || env!("CARGO_BIN_EXE_second-opinion").to_owned();
    let mut command = Command::new(std::env::var(PROGRAM_VARIABLE).unwrap_or_else(|_| built()));
    let names = std::env::vars_os().map(|(name, _)| name);
    for name in names.filter(|name| name.to_string_lossy().starts_with("SECOND_OPINION_")) {
        command.env_remove(name);
    }
    command.arg("--data").arg(data);
    if let Some(store) = store {
        command.args(["--store", store]);
    }
    command
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}
