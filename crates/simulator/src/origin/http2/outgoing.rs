//! A reply on its way: what of it is still to be written, as the client's windows permit.

use std::collections::VecDeque;

use bytes::Bytes;
use closewait_scenario::{AfterReply, Cut, Framing, Reply};

use super::frame::{self, HEADER, LEAST_MAX_FRAME};
use super::hpack;
use super::request::Request;
use crate::origin::asker::Written;

/// What is still to be written on a stream.
pub(super) struct Outgoing {
    parts: VecDeque<Part>,
    /// How many bytes of frames may still be written; `None` is all.
    left: Option<usize>,
    /// What happens once it is written.
    pub then: AfterReply,
}

enum Part {
    Head { block: Vec<u8>, end: bool },
    Data { data: Bytes, end: bool },
}

/// The parts of a message before anything is cut off.
struct Message {
    head: Vec<u8>,
    body: Bytes,
    trailers: Option<Vec<u8>>,
    /// What of the body belongs to the reply: under gRPC the message in it.
    content: Bytes,
}

impl Outgoing {
    /// The reply to a request, and what it will be.
    pub fn new(reply: &Reply, request: &Request, connection: u32) -> (Self, Written) {
        let message = Message::new(reply, request, connection);
        let whole = message.length();
        let (mut body, mut left, mut ends) = (message.body, None, true);
        let mut trailers = message.trailers;
        match reply.cut {
            Some(Cut::Head) => (body, trailers, ends) = (Bytes::new(), None, false),
            Some(Cut::Body(n)) => {
                body.truncate(n as usize);
                (trailers, ends) = (None, false);
            }
            Some(Cut::Byte(n)) => left = Some(n as usize),
            // The other places are those of HTTP/1.1: a scenario that names them is refused.
            Some(_) | None => {}
        }
        let mut parts = VecDeque::new();
        let body_ends = ends && trailers.is_none();
        parts.push_back(Part::Head { block: message.head, end: body_ends && body.is_empty() });
        if !body.is_empty() {
            parts.push_back(Part::Data { data: body, end: body_ends });
        }
        parts.extend(trailers.map(|block| Part::Head { block, end: true }));
        if left == Some(0) {
            parts.clear();
        }
        let complete = ends && left.is_none_or(|left| left >= whole);
        (Self { parts, left, then: reply.then }, Written { body: message.content, complete })
    }

    /// Appends the next frame to `out`, with no more data than `window`. Returns how much of the window it took;
    /// `None` if nothing can be written now.
    pub fn write_next(&mut self, stream: u32, window: usize, out: &mut Vec<u8>) -> Option<usize> {
        let mut taken = 0;
        let bytes = match self.parts.pop_front()? {
            Part::Head { block, end } => frame::headers(stream, &block, end),
            Part::Data { data, end } if window == 0 => {
                self.parts.push_front(Part::Data { data, end });
                return None;
            }
            Part::Data { mut data, end } => {
                let piece = data.split_to(data.len().min(window).min(LEAST_MAX_FRAME));
                taken = piece.len();
                let last = data.is_empty();
                if !last {
                    self.parts.push_front(Part::Data { data, end });
                }
                frame::data(stream, &piece, end && last)
            }
        };
        self.append(bytes, out);
        Some(taken)
    }

    /// Whether everything that is to be written was written.
    pub fn is_done(&self) -> bool {
        self.parts.is_empty()
    }

    fn append(&mut self, mut bytes: Vec<u8>, out: &mut Vec<u8>) {
        if let Some(left) = &mut self.left {
            bytes.truncate(*left);
            *left -= bytes.len();
            if *left == 0 {
                self.parts.clear();
            }
        }
        out.extend(bytes);
    }
}

impl Message {
    fn new(reply: &Reply, request: &Request, connection: u32) -> Self {
        let text = match &reply.body {
            Some(body) => body.clone(),
            None if reply.framing == Framing::None => String::new(),
            None => format!("{} on connection {connection}", reply.id),
        };
        if request.is_grpc && reply.status == 200 {
            return Self::grpc(reply, text);
        }
        let content = if request.is_head { Bytes::new() } else { Bytes::from(text) };
        let trailers = (!reply.trailers.is_empty() && !request.is_head).then(|| block(&reply.trailers));
        Self { head: head(reply, None), body: content.clone(), trailers, content }
    }

    /// A message with its length before it, and the status in the trailers, or all in the head where the reply puts
    /// `grpc-status` there.
    fn grpc(reply: &Reply, text: String) -> Self {
        let head = head(reply, Some(("content-type", "application/grpc")));
        if reply.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("grpc-status")) {
            return Self { head, body: Bytes::new(), trailers: None, content: Bytes::new() };
        }
        let length = (text.len() as u32).to_be_bytes();
        let body = Bytes::from([&[0], &length[..], text.as_bytes()].concat());
        let trailers = if reply.trailers.is_empty() {
            hpack::encode([("grpc-status", "0")])
        } else {
            block(&reply.trailers)
        };
        Self { head, body, trailers: Some(trailers), content: Bytes::from(text) }
    }

    /// How many bytes its frames take.
    fn length(&self) -> usize {
        let head = frame::headers(0, &self.head, false).len();
        let body = self.body.len() + HEADER * self.body.len().div_ceil(LEAST_MAX_FRAME);
        let trailers = self.trailers.as_ref().map_or(0, |block| frame::headers(0, block, false).len());
        head + body + trailers
    }
}

pub(super) fn head(reply: &Reply, more: Option<(&str, &str)>) -> Vec<u8> {
    let status = reply.status.to_string();
    let fields = reply.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    hpack::encode([(":status", status.as_str())].into_iter().chain(more).chain(fields))
}

fn block(lines: &[(String, String)]) -> Vec<u8> {
    hpack::encode(lines.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}
