//! Reads by h2load, a client so cheap that the comparison is almost of the servers alone.
//!
//! It counts gRPC errors as successes, so the server's audit lines are counted for the calls that ended with OK.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::driver::Load;
use crate::process::ServerProcess;
use crate::{CONNECTIONS, IN_FLIGHT};

/// Calls in a round.
const CALLS: usize = 60_000;

/// Measures calls per second of the service, all of which must end with OK, and of the echo; `None` without h2load.
pub fn compare(
    (server, get): (&ServerProcess, &Load),
    (echo, echo_get): (&ServerProcess, &Load),
    folder: &Path,
) -> Option<(f64, f64)> {
    let log = folder.join("log.jsonl");
    let (path, message) = echo_get.sample();
    let echo_rate = rate(echo, path, &message, folder)?;
    let (path, message) = get.sample();
    let before = ok_calls(&log, "GetDetermination");
    let service_rate = rate(server, path, &message, folder)?;
    let ok_calls = ok_calls(&log, "GetDetermination") - before;
    assert_eq!(ok_calls, CALLS, "calls that ended with OK");
    Some((service_rate, echo_rate))
}

/// Measures calls per second with one message; `None` without h2load.
fn rate(server: &ServerProcess, path: &str, message: &[u8], folder: &Path) -> Option<f64> {
    let mut frame = vec![0];
    frame.extend(
        u32::try_from(message.len())
            .expect("a length")
            .to_be_bytes(),
    );
    frame.extend(message);
    let body = folder.join("request.bin");
    std::fs::write(&body, frame).expect("a file");
    let mut command = Command::new("h2load");
    command
        .args(["-n", &CALLS.to_string(), "-c", &CONNECTIONS.to_string()])
        .args(["-m", &(IN_FLIGHT / CONNECTIONS).to_string(), "-d"])
        .arg(&body)
        .args(["-H", "content-type: application/grpc", "-H", "te: trailers"]);
    if !server.token.is_empty() {
        command.args(["-H", &format!("authorization: Bearer {}", server.token)]);
    }
    let output = command
        .arg(format!("http://{}/{path}", server.address()))
        .output()
        .ok()?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(stdout.contains(&format!("{CALLS} succeeded")), "{stdout}");
    // `finished in 3.21s, 18691.59 req/s, 37.01MB/s`
    let line = stdout
        .lines()
        .find(|line| line.starts_with("finished in"))
        .expect("a result");
    let rate = line
        .split(", ")
        .nth(1)
        .and_then(|rate| rate.strip_suffix(" req/s"))
        .expect("a rate");
    Some(rate.parse().expect("a number"))
}

/// Counts the calls of an RPC that ended with OK, by the server's audit lines.
fn ok_calls(log: &Path, rpc: &str) -> usize {
    // Audit lines are written within moments after a call.
    std::thread::sleep(Duration::from_millis(500));
    let log = std::fs::read_to_string(log).expect("the log");
    let rpc = format!("\"rpc\":\"{rpc}\"");
    log.lines()
        .filter(|line| line.contains(&rpc) && line.contains("\"outcome\":\"OK\""))
        .count()
}
