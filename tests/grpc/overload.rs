//! Calls refused for load, and the connection that they came by.

use std::sync::atomic::Ordering;
use std::time::Duration;

use second_opinion::wire::v1;
use tokio::net::TcpStream;

use crate::faults::SLOW;
use crate::ops::{faulty, once};
use crate::support::frames::{self, DATA, END_STREAM, GOAWAY, HEADERS, PING};
use crate::support::messages::{get, id};

/// Far more than the resets after which the server closes a connection.
const MANY: u32 = 600;

/// The call that takes the only place does not end in the time of this test.
#[tokio::test]
async fn calls_refused_before_their_message_keep_the_connection() {
    let (server, fault) = faulty(1).await;
    let mut client = server.reviewer().await;
    fault.store(SLOW, Ordering::SeqCst);
    let held = tokio::spawn(async move {
        let mut request = tonic::Request::new(get(&id(), v1::View::Basic));
        request.set_timeout(Duration::from_secs(25));
        client.get_determination(request).await
    });
    once(&server, "second_opinion_calls_in_flight", 1.0).await;

    let host = server.address.trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(host).await.expect("a connection");
    let mut begun = frames::preface();
    let mut messages = Vec::new();
    for call in 0..MANY {
        let number = 2 * call + 1;
        begun.extend(frames::call_headers(number));
        messages.extend(frames::frame(DATA, END_STREAM, number, &[0; 5]));
    }
    frames::send(&mut stream, &begun).await;
    // The server has refused every call by now, and no message has arrived.
    let shed = f64::from(MANY);
    once(&server, "second_opinion_calls_shed_total", shed).await;
    frames::send(&mut stream, &messages).await;
    frames::send(&mut stream, &frames::frame(PING, 0, 0, &[7; 8])).await;
    for _ in 0..MANY {
        let kind = frames::read_until_any(&mut stream, &[HEADERS, GOAWAY]).await;
        assert_eq!(kind, Some(HEADERS), "an answer to every call");
    }
    let kind = frames::read_until_any(&mut stream, &[PING, GOAWAY]).await;
    assert_eq!(kind, Some(PING), "the connection stays open");
    held.abort();
}
