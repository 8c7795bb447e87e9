//! The codec of every call.
//!
//! It differs from tonic's own codec in one point: undecodable bytes are the caller's error (`INVALID_ARGUMENT`), not
//! ours.

use std::marker::PhantomData;

use prost::Message;
use tonic::Status;
use tonic::codec::{BufferSettings, DecodeBuf, Decoder, EncodeBuf, Encoder};

use super::status;

/// Initial size of a message buffer, in bytes. Most messages fit with their headers, so the buffer does not grow;
/// tonic's own initial size is four times this, and each call has two buffers.
const TYPICAL_MESSAGE_BYTES: usize = 2 * 1024;
/// Stream messages are sent together up to this many bytes, as in tonic's own codec.
const STREAM_BUFFER_BYTES_MAX: usize = 32 * 1024;

fn buffers() -> BufferSettings {
    BufferSettings::new(TYPICAL_MESSAGE_BYTES, STREAM_BUFFER_BYTES_MAX)
}

/// The codec of every call.
#[derive(Debug)]
pub struct Codec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for Codec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> tonic::codec::Codec for Codec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = Direction<T>;
    type Decoder = Direction<U>;

    fn encoder(&mut self) -> Self::Encoder {
        Direction(PhantomData)
    }

    fn decoder(&mut self) -> Self::Decoder {
        Direction(PhantomData)
    }
}

/// One direction of the codec.
#[derive(Debug)]
pub struct Direction<T>(PhantomData<T>);

impl<T: Message> Encoder for Direction<T> {
    type Item = T;
    type Error = Status;

    fn encode(&mut self, item: T, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(buffer).map_err(|error| status::defect(&error))
    }

    fn buffer_settings(&self) -> BufferSettings {
        buffers()
    }
}

impl<T: Message + Default> Decoder for Direction<T> {
    type Item = T;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<T>, Status> {
        T::decode(buffer)
            .map(Some)
            .map_err(|_| status::undecodable())
    }

    fn buffer_settings(&self) -> BufferSettings {
        buffers()
    }
}
