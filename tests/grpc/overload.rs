//! Calls that are rejected under load, and their connection.

use std::sync::atomic::Ordering;
use std::time::Duration;

use second_opinion::wire::v1;
use tokio::net::TcpStream;

use crate::faults::SLOW;
use crate::ops::{start_with_faults, wait_for};
use crate::support::frames::{self, DATA, END_STREAM, GOAWAY, HEADERS, PING};
use crate::support::messages::{get, id};

/// More calls than the pending resets after which the server closes a connection.
const CALLS: u32 = 600;

/// The server takes one call at a time, and that one lasts longer than this test.
#[tokio::test]
async fn calls_rejected_before_their_message_keep_the_connection() {
    let (server, fault) = start_with_faults(1).await;
    let mut client = server.reviewer().await;
    fault.store(SLOW, Ordering::SeqCst);
    let held = tokio::spawn(async move {
        let mut request = tonic::Request::new(get(&id(), v1::View::Basic));
        request.set_timeout(Duration::from_secs(25));
        client.get_determination(request).await
    });
    wait_for(&server, "second_opinion_calls_in_flight", 1.0).await;

    let host = server.address.trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(host).await.expect("a connection");
    let mut calls = frames::preface();
    let mut messages = Vec::new();
    for nth in 0..CALLS {
        let number = 2 * nth + 1;
        calls.extend(frames::call_headers(number));
        messages.extend(frames::frame(DATA, END_STREAM, number, &[0; 5]));
    }
    frames::send(&mut stream, &calls).await;
    // By now the server has rejected every call, and received no message.
    let shed = f64::from(CALLS);
    wait_for(&server, "second_opinion_calls_shed_total", shed).await;
    frames::send(&mut stream, &messages).await;
    frames::send(&mut stream, &frames::frame(PING, 0, 0, &[7; 8])).await;
    for _ in 0..CALLS {
        let kind = frames::read_until_any(&mut stream, &[HEADERS, GOAWAY]).await;
        assert_eq!(kind, Some(HEADERS), "an answer to every call");
    }
    let kind = frames::read_until_any(&mut stream, &[PING, GOAWAY]).await;
    assert_eq!(kind, Some(PING), "the connection stays open");
    held.abort();
}
