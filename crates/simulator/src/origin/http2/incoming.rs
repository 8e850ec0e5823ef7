//! From the client's bytes to what arrived: preface, frames, whole header blocks.

use bytes::{Buf, BytesMut};
use closewait_scenario::ErrorCode;
use closewait_trace::http2::{
    DEFAULT_MAX_FRAME_SIZE, Decoder, Field, Frame, Next, PREFACE, Payload, Setting, next_frame,
};

use super::frame::HEADER;

/// What arrived.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// A header block: a request, or its trailers.
    Head {
        stream: u32,
        fields: Vec<Field>,
        end: bool,
    },
    /// So many bytes that count against the windows.
    Data {
        stream: u32,
        length: usize,
        end: bool,
    },
    Reset {
        stream: u32,
    },
    Settings(Vec<(Setting, u32)>),
    SettingsAck,
    Ping([u8; 8]),
    /// More window; stream 0 is the connection.
    Window {
        stream: u32,
        by: u32,
    },
    /// The bytes are not HTTP/2: nothing can be read any more.
    Broken(ErrorCode),
}

/// What one direction of a connection has to remember between frames.
#[derive(Default)]
pub(super) struct Incoming {
    greeted: bool,
    decoder: Decoder,
    /// A header block that goes on in CONTINUATION frames.
    block: Option<Block>,
}

struct Block {
    stream: u32,
    bytes: Vec<u8>,
    end: bool,
}

impl Incoming {
    /// Takes what arrived next off the front of the buffer; `None` if more bytes are needed.
    pub fn next(&mut self, buffer: &mut BytesMut) -> Option<Arrival> {
        if !self.greeted {
            let length = buffer.len().min(PREFACE.len());
            if buffer[..length] != PREFACE[..length] {
                return Some(Arrival::Broken(ErrorCode::ProtocolError));
            }
            if length < PREFACE.len() {
                return None;
            }
            buffer.advance(length);
            self.greeted = true;
        }
        loop {
            let (arrival, length) = match next_frame(buffer, DEFAULT_MAX_FRAME_SIZE) {
                Next::Frame(frame) => (self.read(&frame), frame.len),
                Next::Partial => return None,
                Next::Malformed { len, .. } => (Some(Arrival::Broken(ErrorCode::ProtocolError)), len),
            };
            buffer.advance(length);
            if arrival.is_some() {
                return arrival;
            }
        }
    }

    /// `None` for a frame that says nothing by itself, or nothing to an origin.
    fn read(&mut self, frame: &Frame) -> Option<Arrival> {
        let stream = frame.stream;
        let continues = matches!(frame.payload, Payload::Continuation { .. });
        if self.block.as_ref().is_some_and(|block| !continues || block.stream != stream) {
            return Some(Arrival::Broken(ErrorCode::ProtocolError));
        }
        Some(match &frame.payload {
            Payload::Headers { fragment, end_stream, end_headers } => {
                self.block = Some(Block { stream, bytes: fragment.to_vec(), end: *end_stream });
                return end_headers.then(|| self.decode());
            }
            Payload::Continuation { fragment, end_headers } => {
                self.block.as_mut()?.bytes.extend_from_slice(fragment);
                return end_headers.then(|| self.decode());
            }
            Payload::Data { end_stream, .. } => {
                // Padding counts, too (RFC 9113 section 6.9.1).
                Arrival::Data { stream, length: frame.len - HEADER, end: *end_stream }
            }
            Payload::RstStream { .. } => Arrival::Reset { stream },
            Payload::Settings { ack: true, .. } => Arrival::SettingsAck,
            Payload::Settings { values, .. } => Arrival::Settings(values.clone()),
            Payload::Ping { ack: false, opaque } => Arrival::Ping(*opaque),
            Payload::WindowUpdate { increment } => Arrival::Window { stream, by: *increment },
            Payload::Ping { .. }
            | Payload::GoAway { .. }
            | Payload::Priority
            | Payload::StreamError { .. }
            | Payload::Unknown => return None,
            Payload::PushPromise { .. } => Arrival::Broken(ErrorCode::ProtocolError),
        })
    }

    fn decode(&mut self) -> Arrival {
        let block = self.block.take();
        let read = block.and_then(|Block { stream, bytes, end }| {
            let fields = self.decoder.decode(&bytes)?;
            Some(Arrival::Head { stream, fields, end })
        });
        read.unwrap_or(Arrival::Broken(ErrorCode::CompressionError))
    }
}
