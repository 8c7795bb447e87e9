//! Has a peer broken the protocol? Connections end in many other ways: a peer is gone, is asleep or says farewell.

use std::error::Error;

/// Whether a connection ended with this because its peer broke HTTP/1.1 or HTTP/2, or abused it.
pub fn is_one(error: &(dyn Error + 'static)) -> bool {
    let Some(error) = error.downcast_ref::<hyper::Error>() else {
        return false;
    };
    // What the library itself tells the peer to go away for.
    let of_http2 = error.source().and_then(<dyn Error>::downcast_ref);
    error.is_parse()
        || of_http2.is_some_and(|error: &h2::Error| error.is_go_away() && error.is_library())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use bytes::Bytes;
    use http_body_util::Empty;
    use hyper::body::Incoming;
    use hyper::{Request, Response};
    use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
    use hyper_util::server::conn::auto;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

    /// Whether a peer that says this, and then stays or goes, has broken the protocol.
    async fn broken(said: &[u8], stays: bool) -> bool {
        let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
        let mut builder = auto::Builder::new(TokioExecutor::new());
        let timer = TokioTimer::new;
        let waits = Duration::from_secs(10);
        builder.http1().timer(timer()).header_read_timeout(waits);
        let mut http2 = builder.http2();
        http2.timer(timer()).max_pending_accept_reset_streams(20);
        http2.keep_alive_interval(waits).keep_alive_timeout(waits);
        let answering = hyper::service::service_fn(async |_: Request<Incoming>| {
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        });
        let said = said.to_owned();
        let peer = tokio::spawn(async move {
            theirs.write_all(&said).await.expect("heard");
            if stays {
                let mut rest = Vec::new();
                let _ = theirs.read_to_end(&mut rest).await;
            }
        });
        let connection = builder.serve_connection(TokioIo::new(ours), answering);
        let ended = connection.await;
        peer.await.expect("no panic");
        ended.is_err_and(|error| is_one(&*error))
    }

    #[tokio::test(start_paused = true)]
    async fn who_breaks_it_is_told_from_who_goes_or_sleeps() {
        let http2 = |frames: &[u8]| [PREFACE, SETTINGS, frames].concat();
        let unknown_stream = http2(&[0, 0, 4, 8, 0, 0, 0, 0, 9, 0, 0, 0, 1]);
        for (name, said) in [
            ("no HTTP at all", b"\x80\x01noise\r\n\r\n".to_vec()),
            ("a frame that is too long", http2(&[255; 64])),
            ("a window of a stream that never was", unknown_stream),
        ] {
            assert!(broken(&said, true).await, "{name}");
        }
        let half = b"POST /a HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhalf".to_vec();
        let farewell = http2(&[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        for (name, said, stays) in [
            ("nothing", Vec::new(), false),
            ("half a request, and gone", half, false),
            ("a beginning, and gone", http2(&[]), false),
            ("a beginning, and asleep", http2(&[]), true),
            (
                "half a head, and asleep",
                b"POST /a HTTP/1.1\r\n".to_vec(),
                true,
            ),
            ("a farewell for an error of its own", farewell, false),
        ] {
            assert!(!broken(&said, stays).await, "{name}");
        }
    }
}
