//! The program as a child process: commands that run to their end, and servers.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::JoinHandle;

use chrono::{TimeDelta, Utc};
use second_opinion::identity::{ActorType, DevelopmentIdentity};
use second_opinion::wire::v1::second_opinion_service_client::SecondOpinionServiceClient;
use serde_json::Value;
use tonic::transport::{Channel, Endpoint};

use crate::support::server::{Client, EVERY_SCOPE, bearer};

const PROGRAM: &str = env!("CARGO_BIN_EXE_second-opinion");

/// The program with this data folder, without the `SECOND_OPINION_` variables of the test's environment.
pub fn program(data: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    let names = std::env::vars_os().map(|(name, _)| name);
    for name in names.filter(|name| name.to_string_lossy().starts_with("SECOND_OPINION_")) {
        command.env_remove(name);
    }
    command.arg("--data").arg(data);
    command
}

/// Runs the program until it exits.
pub fn run(data: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = program(data)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    // A program that does not read its input may have exited.
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

pub fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|error| panic!("{error}: {}", text(bytes)))
}

/// Arguments that start a server on free ports.
pub const SERVE: [&str; 5] = [
    "serve",
    "--listen",
    "127.0.0.1:0",
    "--ops-listen",
    "127.0.0.1:0",
];

/// A server in a child process, which a drop kills.
pub struct Server {
    child: Child,
    pub address: String,
    /// The address of probes and metrics.
    pub ops: String,
    /// The threads that read standard output and standard error.
    readers: Option<(JoinHandle<String>, JoinHandle<String>)>,
}

impl Server {
    /// Starts a server and waits until it logs its addresses.
    pub fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    /// Starts a server with further arguments.
    pub fn start_with(data: &Path, arguments: &[&str]) -> Self {
        Self::start_in(data, arguments, &[])
    }

    /// Starts a server with further arguments and variables.
    pub fn start_in(data: &Path, arguments: &[&str], variables: &[(&str, &Path)]) -> Self {
        Self::try_start(data, arguments, variables)
            .unwrap_or_else(|(code, errors)| panic!("the server exited with {code:?}: {errors}"))
    }

    /// Starts a server. If it exits before it serves, returns its exit code and error output.
    pub fn try_start(
        data: &Path,
        arguments: &[&str],
        variables: &[(&str, &Path)],
    ) -> Result<Self, (Option<i32>, String)> {
        let mut child = program(data)
            .envs(variables.iter().copied())
            .args(SERVE)
            .args(["--log-format", "json", "--log", "info"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        let output = child.stdout.take().expect("standard output");
        let output = read_to_end(output, String::new());
        let mut lines = BufReader::new(child.stderr.take().expect("standard error"));
        // From here on a return without it kills the child.
        let mut server = Self {
            child,
            address: String::new(),
            ops: String::new(),
            readers: None,
        };
        let mut errors = String::new();
        loop {
            let mut line = String::new();
            let read = lines.read_line(&mut line).expect("a line");
            if read == 0 {
                let code = server.child.wait().expect("an exit").code();
                return Err((code, errors));
            }
            errors.push_str(&line);
            if let Ok(event) = serde_json::from_str::<Value>(&line)
                && event["message"] == "serving"
            {
                let address = event["address"].as_str().expect("an address");
                server.address = format!("http://{address}");
                event["ops"]
                    .as_str()
                    .expect("an address")
                    .clone_into(&mut server.ops);
                // An unread pipe would fill up and block the server.
                server.readers = Some((output, read_to_end(lines, errors)));
                return Ok(server);
            }
        }
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("an exit");
    }

    /// SIGTERM. Returns the exit code.
    pub fn terminate(self) -> Option<i32> {
        self.terminate_and_read().0
    }

    /// SIGTERM. Returns the exit code, standard output and standard error.
    pub fn terminate_and_read(mut self) -> (Option<i32>, String, String) {
        let killed = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        assert!(killed.expect("kill").success());
        let code = self.child.wait().expect("an exit").code();
        let (output, errors) = self.readers.take().expect("readers");
        let [output, errors] = [output, errors].map(|reader| reader.join().expect("text"));
        (code, output, errors)
    }

    /// Peak resident memory of the process.
    pub fn peak_megabytes(&self) -> u64 {
        self.kilobytes("VmHWM:") / 1_024
    }

    /// Present resident memory of the process, in KiB.
    pub fn resident_kilobytes(&self) -> u64 {
        self.kilobytes("VmRSS:")
    }

    fn kilobytes(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .expect("a status file");
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
        number
            .and_then(|number| number.parse().ok())
            .expect("a number")
    }

    /// A reviewer's client, with a token by the development identity in the data folder.
    pub async fn client(&self, data: &Path) -> Client {
        let channel = endpoint(&self.address).connect().await;
        reviewer(channel.expect("a connection"), data)
    }
}

/// Reads to the end on a thread, and appends to the text before.
fn read_to_end(
    mut from: impl std::io::Read + Send + 'static,
    before: String,
) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = before.into_bytes();
        from.read_to_end(&mut bytes).expect("bytes");
        String::from_utf8(bytes).expect("UTF-8")
    })
}

/// A reviewer's client that connects with the first call.
pub fn lazy_client(address: &str, data: &Path) -> Client {
    reviewer(endpoint(address).connect_lazy(), data)
}

fn endpoint(address: &str) -> Endpoint {
    Endpoint::from_shared(address.to_owned()).expect("an address")
}

fn reviewer(channel: Channel, data: &Path) -> Client {
    SecondOpinionServiceClient::with_interceptor(channel, bearer(Some(&token(data))))
}

/// A reviewer's token by the development identity in the data folder.
pub fn token(data: &Path) -> String {
    let identity = DevelopmentIdentity::load_or_create(data).expect("a key");
    identity.token(
        "reviewer",
        EVERY_SCOPE,
        ActorType::Person,
        TimeDelta::hours(1),
        Utc::now(),
    )
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have exited.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address on which nothing listens.
pub fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}

/// Waits until something listens.
pub fn wait_until_listening(address: &str) {
    for _ in 0..200 {
        if std::net::TcpStream::connect(address).is_ok() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("nothing listens on {address}");
}

/// The response to a GET, with its head.
pub fn http_get(address: &str, path: &str) -> String {
    let mut stream = std::net::TcpStream::connect(address).expect("a connection");
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: ops\r\nconnection: close\r\n\r\n"
    )
    .expect("sent");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("text");
    response
}
