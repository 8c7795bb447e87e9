//! Reads by h2load, a client that costs next to nothing, so that what is compared is almost the servers alone.
//!
//! It takes gRPC errors for successes: the audit lines of the server say how many calls were answered OK.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::driver::Load;
use crate::process::Program;
use crate::{CONNECTIONS, IN_FLIGHT};

/// Calls of a round.
const CALLS: usize = 60_000;

/// Calls a second of the service, each of which was answered OK, and of the echo; `None`: there is no h2load.
pub fn side_by_side(
    (server, get): (&Program, &Load),
    (echo, echo_get): (&Program, &Load),
    folder: &Path,
) -> Option<(f64, f64)> {
    let log = folder.join("log.jsonl");
    let (path, message) = echo_get.sample();
    let echoed = rate(echo, path, &message, folder)?;
    let (path, message) = get.sample();
    let before = answered(&log, "GetDetermination");
    let ours = rate(server, path, &message, folder)?;
    let answered = answered(&log, "GetDetermination") - before;
    assert_eq!(answered, CALLS, "calls answered OK");
    Some((ours, echoed))
}

/// Calls a second of one message; `None`: there is no h2load.
fn rate(server: &Program, path: &str, message: &[u8], folder: &Path) -> Option<f64> {
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
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains(&format!("{CALLS} succeeded")), "{said}");
    // `finished in 3.21s, 18691.59 req/s, 37.01MB/s`
    let line = said
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

/// How many calls of an RPC were answered OK by now, by the server's audit lines.
fn answered(log: &Path, rpc: &str) -> usize {
    // What was answered is written within moments.
    std::thread::sleep(Duration::from_millis(500));
    let log = std::fs::read_to_string(log).expect("the log");
    let rpc = format!("\"rpc\":\"{rpc}\"");
    log.lines()
        .filter(|line| line.contains(&rpc) && line.contains("\"outcome\":\"OK\""))
        .count()
}
