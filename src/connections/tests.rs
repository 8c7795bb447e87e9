//! What becomes of connections that are old, that say nothing, that come late and that break the protocol?

use std::sync::Mutex;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::client::conn::http2;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::*;

fn farewell() -> Farewell {
    Farewell::new(&Arc::new(Refusals::new(BROKEN_APART, BROKEN_HELD_MAX)))
}

type Seen = Arc<Mutex<Option<Arc<Connection>>>>;

fn answering(seen: &Seen) -> impl Answers<Empty<Bytes>> {
    let seen = Arc::clone(seen);
    tower::service_fn(move |request: Request<Body>| {
        let connection = request.extensions().get::<Arc<Connection>>().cloned();
        *seen.lock().expect("sound") = connection;
        async { Ok::<_, Infallible>(Response::new(Empty::new())) }
    })
}

#[tokio::test(start_paused = true)]
async fn an_old_connection_is_asked_to_end_with_what_would_go_on_for_ever() {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let seen = Seen::default();
    let (_drain, draining) = watch::channel(false);
    let end = (draining, farewell());
    let serving = tokio::spawn(converse(ours, None, answering(&seen), end));
    let (mut sender, connection) =
        http2::handshake::<_, _, Empty<Bytes>>(TokioExecutor::new(), TokioIo::new(theirs))
            .await
            .expect("a handshake");
    let connection = tokio::spawn(connection);
    let begun = Instant::now();
    let request = Request::post("http://a/")
        .body(Empty::new())
        .expect("a request");
    sender.send_request(request).await.expect("an answer");
    let about = seen.lock().expect("sound").clone().expect("a connection");
    assert!(!*about.ending.borrow() && about.certified.is_none());
    // A caller that has no call under way sees its connection end well.
    connection.await.expect("no panic").expect("no error");
    serving.await.expect("no panic");
    let age = begun.elapsed();
    assert!(
        age >= AGE_MAX && age <= AGE_MAX * 11 / 10 + KEEPALIVE,
        "{age:?}"
    );
    assert!(*about.ending.borrow());
    let refused = Request::post("http://a/")
        .body(Empty::new())
        .expect("a request");
    sender
        .send_request(refused)
        .await
        .expect_err("it has ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_come_before_the_drain_is_answered_and_told() {
    for _ in 0..20 {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let stream = TcpStream::connect(address).await.expect("a connection");
        let (mut sender, connection) =
            http2::handshake::<_, _, Empty<Bytes>>(TokioExecutor::new(), TokioIo::new(stream))
                .await
                .expect("a handshake");
        let connection = tokio::spawn(connection);
        // The drain is over before anyone was accepted.
        let drained = std::future::ready(());
        let serving = tokio::spawn(serve(listener, None, answering(&Seen::default()), drained));
        let request = Request::post("http://a/")
            .body(Empty::new())
            .expect("a request");
        sender.send_request(request).await.expect("an answer");
        connection.await.expect("no panic").expect("no error");
        serving.await.expect("no panic");
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_says_nothing_is_no_caller() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let silent = TcpStream::connect(address).await.expect("a connection");
    let (stream, _) = listener.accept().await.expect("a peer");
    let begun = Instant::now();
    let (_drain, open) = watch::channel(false);
    let end = (open, farewell());
    assert!(secured(stream, end, None).await.is_none());
    assert!(begun.elapsed() >= HANDSHAKE_MAX);
    drop(silent);
}

#[tokio::test]
async fn who_breaks_the_protocol_waits_behind_others_who_do() {
    const PEERS: u32 = 60;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let begun = Instant::now();
    let (drain, drained) = oneshot::channel::<()>();
    let drained = async { drop(drained.await) };
    let serving = tokio::spawn(serve(listener, None, answering(&Seen::default()), drained));
    let peers = (0..PEERS).map(|_| async move {
        let mut peer = TcpStream::connect(address).await.expect("a connection");
        let noise = b"\x80\x01 is no HTTP\r\n\r\n";
        peer.write_all(noise).await.expect("heard");
        let mut told = Vec::new();
        peer.read_to_end(&mut told).await.expect("no reset");
    });
    futures::future::join_all(peers).await;
    // A millisecond is the clock's of timers.
    let took = begun.elapsed();
    assert!(
        took + Duration::from_millis(1) >= BROKEN_APART * PEERS,
        "{took:?}"
    );
    drop(drain);
    serving.await.expect("no panic");
}
