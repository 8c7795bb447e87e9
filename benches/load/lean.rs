//! Calls by a client that does as little as it can, on one thread: what is compared is then almost the servers alone.
//!
//! It speaks HTTP/2 and frames messages as gRPC does, and looks of an answer at its length and its status alone.

use std::cell::Cell;
use std::time::{Duration, Instant};

use bytes::{BufMut as _, Bytes, BytesMut};
use h2::client::SendRequest;
use http::{HeaderMap, Request};
use tokio::net::TcpStream;

use crate::driver::{Load, Round};
use crate::process::Program;
use crate::{CONNECTIONS, IN_FLIGHT};

/// As much of the answers as a connection takes at once.
const WINDOW_BYTES: u32 = 1 << 20;

/// Calls for as long on a thread of its own, and counts what was answered. An error is no answer: it ends the benchmark.
pub fn run(server: &Program, load: &Load, time: Duration) -> Round {
    std::thread::scope(|scope| {
        let driving = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(drive(server, load, time))
        });
        driving.join().expect("a round")
    })
}

async fn drive(server: &Program, load: &Load, time: Duration) -> Round {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(connect(server.address()).await);
    }
    let request = request(server, load);
    let (calls, began) = (Cell::new(0), Instant::now());
    let callers = (0..IN_FLIGHT).map(|caller| {
        let mut connection = connections[caller % CONNECTIONS].clone();
        let (request, calls) = (&request, &calls);
        async move {
            while began.elapsed() < time {
                connection = connection.ready().await.expect("a connection");
                call(
                    &mut connection,
                    request.clone(),
                    load.message(caller).expect("a message"),
                )
                .await;
                calls.set(calls.get() + 1);
            }
        }
    });
    futures::future::join_all(callers).await;
    Round {
        calls: calls.get(),
        took: began.elapsed(),
    }
}

async fn connect(address: &str) -> SendRequest<Bytes> {
    let stream = TcpStream::connect(address).await.expect("a server");
    stream.set_nodelay(true).expect("a socket");
    let (client, connection) = h2::client::Builder::new()
        .initial_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .handshake(stream)
        .await
        .expect("HTTP/2");
    // It ends with the round.
    tokio::spawn(connection);
    client
}

/// What each call begins with.
fn request(server: &Program, load: &Load) -> Request<()> {
    let (path, _) = load.sample();
    let mut request = Request::post(format!("http://{}/{path}", server.address()))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    if !server.token.is_empty() {
        request = request.header("authorization", format!("Bearer {}", server.token));
    }
    request.body(()).expect("a request")
}

async fn call(connection: &mut SendRequest<Bytes>, request: Request<()>, message: Bytes) {
    let mut frame = BytesMut::with_capacity(message.len() + 5);
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).expect("a length"));
    frame.put(message);
    let (answer, mut body) = connection
        .send_request(request, false)
        .expect("a connection");
    body.send_data(frame.freeze(), true).expect("a connection");
    let mut answer = answer.await.expect("an answer").into_body();
    let mut length = 0;
    while let Some(data) = answer.data().await {
        let data = data.expect("an answer").len();
        length += data;
        // What is not released would stop the connection.
        answer.flow_control().release_capacity(data).expect("taken");
    }
    let trailers = answer.trailers().await.expect("an answer");
    assert!(length > 5, "an answer");
    assert_eq!(status(&trailers.unwrap_or_default()), Some("0"));
}

fn status(trailers: &HeaderMap) -> Option<&str> {
    trailers.get("grpc-status")?.to_str().ok()
}
