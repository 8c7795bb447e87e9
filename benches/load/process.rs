//! The two servers, each a process of its own, ended when they are dropped.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use second_opinion::identity::{ActorType, DevelopmentIdentity};
use tonic::transport::{Channel, Endpoint};

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

    /// The service, on an empty folder.
    pub async fn server(data: &Path) -> Self {
        let (address, ops) = (free_address(), free_address());
        let child = Command::new(env!("CARGO_BIN_EXE_second-opinion"))
            .args([
                "serve",
                "--listen",
                &address,
                "--ops-listen",
                &ops,
                "--log",
                "warn",
                "--data",
            ])
            .arg(data)
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
        let scopes = "second-opinion.submit second-opinion.read";
        server.token = identity.token(
            "bench",
            scopes,
            ActorType::Service,
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
    pub fn resident_megabytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .expect("its status");
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .expect("its memory");
        let kilobytes: u64 = line
            .split_whitespace()
            .nth(1)
            .and_then(|number| number.parse().ok())
            .expect("a number");
        kilobytes / 1_024
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}
