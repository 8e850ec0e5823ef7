//! The frames of one direction of a connection, with the moments at which they left and arrived.

use std::ops::Range;

use super::bounds::Bounds;
use super::message;
use super::{Decoder, ErrorCode, Field, Frame, Next, Payload, Setting, next_frame};
use crate::http1::asks_again;
use crate::{Flow, Moment};

/// A frame where it stands on the wire. CONTINUATION belongs to the frame that it continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireFrame {
    /// 0 is the connection itself.
    pub stream: u32,
    /// What it says.
    pub kind: FrameKind,
    /// The first transmission of its first byte.
    pub first_sent: Option<Moment>,
    /// The first transmission of its last byte; `None` if that never left.
    pub last_sent: Option<Moment>,
    /// The arrival of its first byte.
    pub first_delivered: Option<Moment>,
    /// The arrival of its last byte; `None` if that never came.
    pub delivered: Option<Moment>,
}

/// What a frame says (RFC 9113 section 6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FrameKind {
    /// DATA.
    Data {
        /// Where its content stands in the bytes of this direction.
        content: Range<usize>,
        /// END_STREAM.
        end_stream: bool,
    },
    /// HEADERS.
    Headers {
        /// What is in the header block; `None` if the block is not whole or cannot be decoded.
        head: Option<Head>,
        /// END_STREAM.
        end_stream: bool,
    },
    /// RST_STREAM.
    Reset {
        /// Why.
        code: ErrorCode,
    },
    /// SETTINGS.
    Settings {
        /// In the order of the frame.
        values: Vec<(Setting, u32)>,
    },
    /// SETTINGS with ACK.
    SettingsAck,
    /// PUSH_PROMISE.
    PushPromise {
        /// The stream that is reserved.
        promised: u32,
    },
    /// PING.
    Ping,
    /// PING with ACK.
    Pong,
    /// GOAWAY.
    GoAway {
        /// The last stream that was or may be processed.
        last_stream: u32,
        /// Why.
        code: ErrorCode,
    },
    /// WINDOW_UPDATE.
    WindowUpdate {
        /// Bytes.
        increment: u32,
    },
    /// PRIORITY, or a type that RFC 9113 does not know.
    Ignored,
    /// An error of its stream, and of no other (RFC 9113 section 5.4.2).
    StreamError {
        /// What is wrong.
        reason: &'static str,
    },
    /// A connection error; nothing behind it is read.
    Malformed {
        /// What is wrong.
        reason: &'static str,
    },
}

/// What is read out of a header block.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Head {
    /// `:method`.
    pub method: Option<String>,
    /// `:status`.
    pub status: Option<u16>,
    /// `x-request-id`.
    pub id: Option<String>,
    /// The response asks for another request in place of this one: see `WireResponse::asks_again`.
    pub asks_again: bool,
    /// How long the content is to be.
    pub content_length: Option<u64>,
    /// What makes it malformed as the head of a response (RFC 9113 section 8.1.1).
    pub fault: Option<&'static str>,
    /// What makes it malformed as a trailer section.
    pub fault_of_trailers: Option<&'static str>,
}

impl WireFrame {
    /// The last frame of a stream in this direction.
    pub fn ends_stream(&self) -> bool {
        match &self.kind {
            FrameKind::Data { end_stream, .. } => *end_stream,
            FrameKind::Headers { end_stream, head } => *end_stream && head.is_some(),
            _ => false,
        }
    }
}

/// The frames of a flow from an offset on, to a receiver with these bounds. What was delivered only in part, or sent only in part, is
/// there as well.
pub(super) fn frames(flow: &Flow, start: usize, bounds: Bounds) -> Vec<WireFrame> {
    let (bytes, decoder) = (longer(flow), Decoder::default());
    let mut reader = Reader { flow, bounds, bytes, decoder, block: None, frames: Vec::new() };
    reader.read(start);
    reader.frames
}

/// The bytes of a flow, as many as left or arrived.
pub(super) fn longer(flow: &Flow) -> &[u8] {
    if flow.sent.len() >= flow.delivered.len() { flow.sent.bytes() } else { flow.delivered.bytes() }
}

struct Reader<'a> {
    flow: &'a Flow,
    bounds: Bounds,
    bytes: &'a [u8],
    decoder: Decoder,
    /// The header block that is not whole yet; it belongs to the last frame.
    block: Option<Block>,
    frames: Vec<WireFrame>,
}

/// A header block that goes on.
#[derive(Default)]
struct Block {
    bytes: Vec<u8>,
    continuations: usize,
}

impl<'a> Reader<'a> {
    fn read(&mut self, mut pos: usize) {
        while let Some(rest) = self.bytes.get(pos..) {
            match next_frame(rest, self.bounds.frame) {
                Next::Frame(frame) => {
                    let end = pos + frame.len;
                    if let Err(reason) = self.take(frame, pos..end) {
                        return self.push(0, FrameKind::Malformed { reason }, pos..end);
                    }
                    pos = end;
                }
                Next::Partial => return self.partial(rest, pos),
                Next::Malformed { reason, len } => {
                    return self.push(0, FrameKind::Malformed { reason }, pos..pos + len);
                }
            }
        }
    }

    fn take(&mut self, frame: Frame<'a>, place: Range<usize>) -> Result<(), &'static str> {
        let Frame { stream, payload, len } = frame;
        if let Some(block) = &mut self.block {
            let belongs = self.frames.last().is_some_and(|last| last.stream == stream);
            let Payload::Continuation { fragment, end_headers } = payload else {
                return Err("another frame inside a header block");
            };
            if !belongs {
                return Err("another frame inside a header block");
            }
            block.bytes.extend_from_slice(fragment);
            block.continuations += 1;
            let goes_on = !end_headers && self.bounds.are_passed_by(block.bytes.len(), block.continuations);
            self.extend_last(&place);
            return match (end_headers, goes_on) {
                (true, _) => self.close_block(),
                (false, true) => Err("a header block without an end"),
                (false, false) => Ok(()),
            };
        }
        let mut open_block =
            |fragment: &[u8]| self.block = Some(Block { bytes: fragment.to_vec(), ..Block::default() });
        let (kind, closed) = match payload {
            Payload::Data { data, end_stream } => {
                // What is not header and not data is padding, and its length comes first.
                let padded = usize::from(len - 9 > data.len());
                let start = place.start + 9 + padded;
                (FrameKind::Data { content: start..start + data.len(), end_stream }, false)
            }
            Payload::Headers { fragment, end_stream, end_headers } => {
                open_block(fragment);
                (FrameKind::Headers { head: None, end_stream }, end_headers)
            }
            Payload::PushPromise { promised, fragment, end_headers } => {
                open_block(fragment);
                (FrameKind::PushPromise { promised }, end_headers)
            }
            Payload::Continuation { .. } => return Err("CONTINUATION without a header block"),
            Payload::RstStream { code } => (FrameKind::Reset { code }, false),
            Payload::Settings { ack: true, .. } => (FrameKind::SettingsAck, false),
            Payload::Settings { values, .. } => (FrameKind::Settings { values }, false),
            Payload::Ping { ack, .. } => (if ack { FrameKind::Pong } else { FrameKind::Ping }, false),
            Payload::GoAway { last_stream, code, .. } => (FrameKind::GoAway { last_stream, code }, false),
            Payload::WindowUpdate { increment } => (FrameKind::WindowUpdate { increment }, false),
            Payload::StreamError { reason } => (FrameKind::StreamError { reason }, false),
            Payload::Priority | Payload::Unknown => (FrameKind::Ignored, false),
        };
        self.push(stream, kind, place);
        if closed { self.close_block() } else { Ok(()) }
    }

    fn close_block(&mut self) -> Result<(), &'static str> {
        let block = self.block.take().unwrap_or_default();
        let fields = self.decoder.decode(&block.bytes).ok_or("a header block that cannot be decoded")?;
        if let Some(WireFrame { kind: FrameKind::Headers { head, .. }, .. }) = self.frames.last_mut() {
            *head = Some(Head::of(&fields));
        }
        Ok(())
    }

    /// The frame at the end that was never sent whole.
    fn partial(&mut self, rest: &[u8], pos: usize) {
        let [_, _, _, kind, _, stream @ ..] = *rest.first_chunk::<9>().unwrap_or(&[0xff; 9]);
        let content = pos + 9..self.bytes.len();
        let kind = match kind {
            0x0 => FrameKind::Data { content, end_stream: false },
            0x1 if self.block.is_none() => FrameKind::Headers { head: None, end_stream: false },
            _ => return,
        };
        let stream = u32::from_be_bytes(stream) & 0x7fff_ffff;
        self.push(stream, kind, pos..usize::MAX);
    }

    fn push(&mut self, stream: u32, kind: FrameKind, place: Range<usize>) {
        let Flow { sent, delivered, .. } = self.flow;
        let last = place.end.saturating_sub(1);
        self.frames.push(WireFrame {
            stream,
            kind,
            first_sent: sent.moment_of(place.start),
            last_sent: sent.moment_of(last),
            first_delivered: delivered.moment_of(place.start),
            delivered: delivered.moment_of(last),
        });
    }

    fn extend_last(&mut self, place: &Range<usize>) {
        let Flow { sent, delivered, .. } = self.flow;
        let last = place.end.saturating_sub(1);
        if let Some(frame) = self.frames.last_mut() {
            frame.last_sent = sent.moment_of(last);
            frame.delivered = delivered.moment_of(last);
        }
    }
}

impl Head {
    fn of(fields: &[Field]) -> Self {
        let value = |name: &str| {
            let field = fields.iter().find(|field| field.name.eq_ignore_ascii_case(name.as_bytes()))?;
            std::str::from_utf8(&field.value).ok()
        };
        let length = message::content_length(fields);
        let status = value(":status").and_then(|status| status.parse().ok());
        Self {
            method: value(":method").map(str::to_owned),
            status,
            asks_again: status.is_some_and(|status| asks_again(status, |name| value(name).is_some())),
            id: value("x-request-id").map(str::to_owned),
            content_length: length.ok().flatten(),
            fault: message::fault_of_response(fields).or(length.err()),
            fault_of_trailers: message::fault_of_trailers(fields),
        }
    }
}
