//! Load by a minimal client on one thread, so that the comparison is almost of the servers alone.
//!
//! It sends gRPC messages over the h2 crate, and checks only the length and the status of each response.

use std::cell::Cell;
use std::time::{Duration, Instant};

use bytes::{BufMut as _, Bytes, BytesMut};
use h2::client::SendRequest;
use http::{HeaderMap, Request};
use tokio::net::TcpStream;

use crate::driver::{Load, Round};
use crate::process::ServerProcess;
use crate::{CONNECTIONS, IN_FLIGHT};

/// HTTP/2 receive window of a connection and of a stream.
const WINDOW_BYTES: u32 = 1 << 20;

/// Makes calls for a time on its own thread, and counts the responses. An error status ends the benchmark.
pub fn run(server: &ServerProcess, load: &Load, time: Duration) -> Round {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(drive(server, load, time))
        });
        thread.join().expect("a round")
    })
}

async fn drive(server: &ServerProcess, load: &Load, time: Duration) -> Round {
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
        elapsed: began.elapsed(),
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
    // The task ends with the round's runtime.
    tokio::spawn(connection);
    client
}

/// The request head of each call.
fn request(server: &ServerProcess, load: &Load) -> Request<()> {
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
    let (response, mut body) = connection
        .send_request(request, false)
        .expect("a connection");
    body.send_data(frame.freeze(), true).expect("a connection");
    let mut response = response.await.expect("a response").into_body();
    let mut length = 0;
    while let Some(data) = response.data().await {
        let data = data.expect("a response").len();
        length += data;
        // Without the release the flow-control window would fill and the connection stall.
        response
            .flow_control()
            .release_capacity(data)
            .expect("capacity");
    }
    let trailers = response.trailers().await.expect("a response");
    assert!(length > 5, "the response is empty");
    assert_eq!(status(&trailers.unwrap_or_default()), Some("0"));
}

fn status(trailers: &HeaderMap) -> Option<&str> {
    trailers.get("grpc-status")?.to_str().ok()
}
