//! How do tests run the program, and end what they started?

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use chrono::{TimeDelta, Utc};
use second_opinion::identity::{ActorType, DevelopmentIdentity};
use second_opinion::wire::v1::second_opinion_service_client::SecondOpinionServiceClient;
use tonic::transport::Endpoint;

use crate::support::server::{Client, EVERY_SCOPE, bearer};

const PROGRAM: &str = env!("CARGO_BIN_EXE_second-opinion");

/// The program with a data folder of the test's own, and none of the variables of whoever runs the test.
pub fn program(data: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    let ours = std::env::vars_os().map(|(name, _)| name);
    for name in ours.filter(|name| name.to_string_lossy().starts_with("SECOND_OPINION_")) {
        command.env_remove(name);
    }
    command.arg("--data").arg(data);
    command
}

/// Runs the program to its end.
pub fn run(data: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = program(data)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    // A program that does not read its input may be gone already.
    let _ = child
        .stdin
        .take()
        .expect("standard input")
        .write_all(input.as_bytes());
    child.wait_with_output().expect("an output")
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A server in a process of its own. Dropping it kills it.
pub struct Server {
    child: Child,
    pub address: String,
}

impl Server {
    /// Starts a server and waits until it says where it listens.
    pub fn start(data: &Path) -> Self {
        let child = program(data)
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--log-format",
                "json",
                "--log",
                "info",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        let mut server = Self {
            child,
            address: String::new(),
        };
        let mut lines = BufReader::new(server.child.stderr.take().expect("standard error"));
        let mut said = String::new();
        while server.address.is_empty() {
            let mut line = String::new();
            let read = lines.read_line(&mut line).expect("a line");
            assert!(read > 0, "the server ended: {said}");
            said.push_str(&line);
            if let Ok(event) = serde_json::from_str::<serde_json::Value>(&line)
                && event["message"] == "serving"
            {
                server.address =
                    format!("http://{}", event["address"].as_str().expect("an address"));
            }
        }
        // What comes after is read and let go, or the pipe would fill up.
        std::thread::spawn(move || lines.read_to_end(&mut Vec::new()));
        server
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }

    /// SIGTERM; gives the exit code.
    pub fn terminate(mut self) -> Option<i32> {
        let killed = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        assert!(killed.expect("kill").success());
        self.child.wait().expect("gone").code()
    }

    /// A reviewer's client, with a token of the development identity in the data folder.
    pub async fn client(&self, data: &Path) -> Client {
        let identity = DevelopmentIdentity::load_or_create(data).expect("a key");
        let token = identity.token(
            "reviewer",
            EVERY_SCOPE,
            ActorType::Person,
            TimeDelta::hours(1),
            Utc::now(),
        );
        let channel = Endpoint::from_shared(self.address.clone())
            .expect("an address")
            .connect()
            .await;
        SecondOpinionServiceClient::with_interceptor(
            channel.expect("a connection"),
            bearer(Some(&token)),
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
