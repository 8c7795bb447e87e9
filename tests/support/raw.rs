//! Calls without a gRPC client, for malformed requests and for calls without a deadline.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tonic::Status;

/// Sends bytes as the message of a call of `SecondOpinionService`, and returns the response's status.
pub async fn call_raw(
    address: &str,
    rpc: &str,
    message: &[u8],
    headers: &[(&'static str, String)],
) -> Status {
    let path = format!("/um.secondopinion.v1.SecondOpinionService/{rpc}");
    call_path(address, &path, message, headers).await
}

/// Sends bytes as the message of a call to a path, and returns the response's status.
pub async fn call_path(
    address: &str,
    path: &str,
    message: &[u8],
    headers: &[(&'static str, String)],
) -> Status {
    call_frame(address, path, frame(0, message), headers).await
}

/// A message with its prefix of a flag (1 if compressed) and a length.
pub fn frame(flag: u8, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("a length");
    let mut frame = vec![flag];
    frame.extend(length.to_be_bytes());
    frame.extend(message);
    frame
}

/// Sends bytes as the body of a call, and returns the response's status.
pub async fn call_frame(
    address: &str,
    path: &str,
    frame: Vec<u8>,
    headers: &[(&'static str, String)],
) -> Status {
    exchange(address, path, frame, headers).await.status
}

/// A response with its headers, body and trailers.
pub struct Answer {
    pub headers: http::HeaderMap,
    pub body: Bytes,
    pub trailers: http::HeaderMap,
    pub status: Status,
}

/// Sends bytes as the body of a call, and returns the whole response.
pub async fn exchange(
    address: &str,
    path: &str,
    frame: Vec<u8>,
    headers: &[(&'static str, String)],
) -> Answer {
    let stream = tokio::net::TcpStream::connect(address.trim_start_matches("http://"))
        .await
        .expect("a connection");
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .expect("a handshake");
    let connection = tokio::spawn(connection);
    let mut request = http::Request::post(format!("{address}{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let request = request
        .body(Full::new(Bytes::from(frame)))
        .expect("a request");
    let response = sender.send_request(request).await.expect("a response");
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("a body");
    let trailers = body.trailers().cloned().unwrap_or_default();
    let status = Status::from_header_map(&parts.headers);
    let status = status.or_else(|| Status::from_header_map(&trailers));
    connection.abort();
    Answer {
        headers: parts.headers,
        body: body.to_bytes(),
        trailers,
        status: status.expect("a status"),
    }
}
