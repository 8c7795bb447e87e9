//! The servers that are measured, each a process of its own, ended when they are dropped.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use second_opinion::identity::{ActorType, DevelopmentIdentity};
use tonic::transport::{Channel, Endpoint};

/// The variable that names the program of the service.
const PROGRAM: &str = "SECOND_OPINION_BENCH_PROGRAM";

/// A server.
pub struct Program {
    child: Child,
    address: String,
    /// The token that it takes; empty: it asks for none.
    pub token: String,
}

impl Program {
    /// The echo: this very program with another argument.
    pub async fn echo() -> Self {
        let address = free_address();
        let this = std::env::current_exe().expect("this program");
        let child = Command::new(this)
            .args(["--echo", &address])
            .spawn()
            .expect("the echo");
        Self {
            child,
            address,
            token: String::new(),
        }
        .ready()
        .await
    }

    /// The service on a store, or on a file in the folder, which has its key and its log in any case.
    pub async fn server(data: &Path, store: Option<&str>) -> Self {
        if store.is_some() {
            let mut migrate = service(data, store);
            let migrated = migrate.arg("migrate").stdout(Stdio::null()).status();
            assert!(migrated.expect("the service").success());
        }
        let (address, ops) = (free_address(), free_address());
        let child = service(data, store)
            .args(["serve", "--listen", &address, "--ops-listen", &ops])
            .args(["--log", "warn"])
            // Audit lines are written as in production, to a file that no one reads.
            .stderr(std::fs::File::create(data.join("log.jsonl")).expect("a log"))
            .stdout(Stdio::null())
            .spawn()
            .expect("the server");
        let mut server = Self {
            child,
            address,
            token: String::new(),
        }
        .ready()
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

    async fn ready(self) -> Self {
        for _ in 0..5_000 {
            if tokio::net::TcpStream::connect(&self.address).await.is_ok() {
                return self;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        panic!("`{}` does not answer", self.address);
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    /// Shows the token, if one is asked for.
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

    /// What the system says of the memory that the process holds.
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

impl Drop for Program {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The service's own program, or the one that a variable names: that of another build. It refuses variables that it does
/// not know.
fn service(data: &Path, store: Option<&str>) -> Command {
    let built = || env!("CARGO_BIN_EXE_second-opinion").to_owned();
    let mut command = Command::new(std::env::var(PROGRAM).unwrap_or_else(|_| built()));
    let ours = std::env::vars_os().map(|(name, _)| name);
    for name in ours.filter(|name| name.to_string_lossy().starts_with("SECOND_OPINION_")) {
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
