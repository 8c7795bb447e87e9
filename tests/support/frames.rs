//! Hand-written HTTP/2 frames, for requests that no client library sends.

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const CONTINUATION: u8 = 9;
/// The error code of a graceful shutdown.
pub const NO_ERROR: u32 = 0;
/// The error code for a peer that causes excessive load.
pub const ENHANCE_YOUR_CALM: u32 = 11;
/// The error code of a canceled stream.
pub const CANCEL: u32 = 8;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// `:method POST`, `:scheme http` and `:path /`, by their indexes in HPACK's static table.
const REQUEST: [u8; 3] = [0x83, 0x86, 0x84];

/// A frame's bytes.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The connection preface with an empty SETTINGS frame.
pub fn preface() -> Vec<u8> {
    let mut bytes = PREFACE.to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, &[]));
    bytes
}

/// The headers of a gRPC call, without its message.
pub fn call_headers(stream: u32) -> Vec<u8> {
    const PATH: &[u8] = b"/um.secondopinion.v1.SecondOpinionService/GetDetermination";
    const CONTENT: &[u8] = b"application/grpc";
    // The names `:path` and `content-type` by their indexes in the table, with literal values.
    let mut headers = REQUEST[..2].to_vec();
    headers.extend([0x04, u8::try_from(PATH.len()).expect("short")]);
    headers.extend(PATH);
    headers.extend([0x0f, 0x10, u8::try_from(CONTENT.len()).expect("short")]);
    headers.extend(CONTENT);
    frame(HEADERS, END_HEADERS, stream, &headers)
}

/// A number of calls, each opened and reset at once.
pub fn reset_calls(calls: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    for call in 0..calls {
        let stream = 2 * call + 1;
        bytes.extend(frame(HEADERS, END_HEADERS, stream, &REQUEST));
        bytes.extend(frame(RST_STREAM, 0, stream, &CANCEL.to_be_bytes()));
    }
    bytes
}

pub async fn send(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) {
    stream.write_all(bytes).await.expect("a write");
    stream.flush().await.expect("a flush");
}

/// Reads frames until one of a kind, and returns its payload; `None` if the connection ends first.
pub async fn read_until(stream: &mut (impl AsyncRead + Unpin), kind: u8) -> Option<Vec<u8>> {
    let (_, payload) = next(stream, &[kind]).await?;
    Some(payload)
}

/// Reads frames until one of several kinds, and returns its kind; `None` if the connection ends first.
pub async fn read_until_any(stream: &mut (impl AsyncRead + Unpin), kinds: &[u8]) -> Option<u8> {
    let (kind, _) = next(stream, kinds).await?;
    Some(kind)
}

async fn next(stream: &mut (impl AsyncRead + Unpin), kinds: &[u8]) -> Option<(u8, Vec<u8>)> {
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).expect("short")];
        stream.read_exact(&mut payload).await.ok()?;
        if kinds.contains(&head[3]) {
            return Some((head[3], payload));
        }
    }
}

/// The error code of a GOAWAY frame.
pub fn goaway_error(goaway: &[u8]) -> u32 {
    u32::from_be_bytes(goaway[4..8].try_into().expect("four bytes"))
}
