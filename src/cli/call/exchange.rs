//! The exchange of messages that only their descriptors describe.

use std::io::{self, Write};

use prost::Message as _;
use prost_reflect::{DynamicMessage, MessageDescriptor, MethodDescriptor};
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;
use tonic::{Request, Status};

use super::connection::unreachable_at;
use super::error::CallError;
use super::report::refusal;
use crate::wire::json;

/// The maximum size of a reply: letters are in it.
const REPLY_BYTES_MAX: usize = 64 << 20;

pub(super) async fn exchange(
    channel: Channel,
    address: &str,
    method: &MethodDescriptor,
    message: DynamicMessage,
    token: Option<&str>,
    out: &mut impl Write,
) -> Result<(), CallError> {
    let mut request = Request::new(message);
    if let Some(token) = token {
        let mut value: MetadataValue<Ascii> = format!("Bearer {token}").parse().map_err(|_| {
            CallError::Usage("the token has characters that are not allowed in a token".into())
        })?;
        value.set_sensitive(true);
        request.metadata_mut().insert("authorization", value);
    }
    let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
    let path = path
        .parse()
        .map_err(|_| CallError::Other(format!("`{path}` is not a path")))?;
    let codec = DynamicCodec {
        answer: method.output(),
    };
    let refused = |status: Status| refusal(address, &status);
    let mut grpc = Grpc::new(channel).max_decoding_message_size(REPLY_BYTES_MAX);
    grpc.ready()
        .await
        .map_err(|error| unreachable_at(address, &error))?;
    if method.is_server_streaming() {
        let answer = grpc
            .server_streaming(request, path, codec)
            .await
            .map_err(refused)?;
        let mut messages = answer.into_inner();
        while let Some(message) = messages.message().await.map_err(refused)? {
            if !print(&message, out)? {
                break;
            }
        }
    } else {
        let answer = grpc.unary(request, path, codec).await.map_err(refused)?;
        print(answer.get_ref(), out)?;
    }
    Ok(())
}

/// Prints a message, and returns whether the output is still open: a closed pipe ends a stream without an error.
fn print(message: &DynamicMessage, out: &mut impl Write) -> Result<bool, CallError> {
    let text = json::to_json(message).map_err(CallError::Other)?;
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(CallError::Other(format!(
            "the reply cannot be written: {error}"
        ))),
    }
}

/// The codec of messages that only their descriptors describe.
#[derive(Clone)]
pub(super) struct DynamicCodec {
    pub(super) answer: MessageDescriptor,
}

impl Codec for DynamicCodec {
    type Encode = DynamicMessage;
    type Decode = DynamicMessage;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        self.clone()
    }

    fn decoder(&mut self) -> Self {
        self.clone()
    }
}

impl Encoder for DynamicCodec {
    type Item = DynamicMessage;
    type Error = Status;

    fn encode(&mut self, item: DynamicMessage, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(buffer)
            .map_err(|error| Status::internal(error.to_string()))
    }
}

impl Decoder for DynamicCodec {
    type Item = DynamicMessage;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<DynamicMessage>, Status> {
        let message = DynamicMessage::decode(self.answer.clone(), buffer);
        message
            .map(Some)
            .map_err(|error| Status::internal(error.to_string()))
    }
}
