//! What becomes of connections that are old, that say nothing and that come late?

use std::sync::Mutex;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::client::conn::http2;

use super::*;

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
    let serving = tokio::spawn(converse(ours, None, answering(&seen), draining));
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
    assert!(secured(stream, None).await.is_none());
    assert!(begun.elapsed() >= HANDSHAKE_MAX);
    drop(silent);
}
