//! Frames as bytes, and hand-written traces of HTTP/2, for tests.

use super::{ErrorCode, PREFACE};
use crate::Millis;
use crate::testing::{TraceBuilder, whole};

pub const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

pub fn frame(kind: u8, flags: u8, stream: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("a short frame").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), body].concat()
}

/// A header block of literals.
pub fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).expect("a short text")], text.as_bytes()].concat();
    fields.iter().flat_map(|(name, value)| [vec![0], text(name), text(value)].concat()).collect()
}

pub fn headers(stream: u32, fields: &[(&str, &str)], flags: u8) -> Vec<u8> {
    frame(1, END_HEADERS | flags, stream, &block(fields))
}

pub fn content(stream: u32, content: &str, flags: u8) -> Vec<u8> {
    frame(0, flags, stream, content.as_bytes())
}

pub fn request(stream: u32, id: &str, method: &str, flags: u8) -> Vec<u8> {
    let path = format!("/{id}");
    headers(stream, &[(":method", method), (":path", &path), ("x-request-id", id)], flags)
}

/// A whole 200 with this body.
pub fn answer(stream: u32, body: &str) -> Vec<u8> {
    [headers(stream, &[(":status", "200")], 0), content(stream, body, END_STREAM)].concat()
}

pub fn rst_stream(stream: u32, code: ErrorCode) -> Vec<u8> {
    frame(3, 0, stream, &code.0.to_be_bytes())
}

pub fn settings(values: &[(u16, u32)]) -> Vec<u8> {
    let entry = |(setting, value): &(u16, u32)| [&setting.to_be_bytes()[..], &value.to_be_bytes()].concat();
    frame(4, 0, 0, &values.iter().flat_map(entry).collect::<Vec<_>>())
}

pub fn ping(ack: bool) -> Vec<u8> {
    frame(6, u8::from(ack), 0, b"closewai")
}

pub fn goaway(last_stream: u32, code: ErrorCode) -> Vec<u8> {
    frame(7, 0, 0, &[last_stream.to_be_bytes(), code.0.to_be_bytes()].concat())
}

impl TraceBuilder {
    /// Handshake, preface and the SETTINGS of both sides, all at one instant.
    pub fn h2_open(self, at: Millis, connection: u32, origin_settings: &[(u16, u32)]) -> Self {
        self.open(at, connection)
            .client_sends(at, connection, [PREFACE, &settings(&[])].concat())
            .origin_gets(at, connection)
            .bytes(at, connection, settings(origin_settings))
    }

    /// HEADERS leave the client's host and do not arrive yet.
    pub fn h2_write(self, at: Millis, id: &str, method: &str, connection: u32, stream: u32) -> Self {
        self.client_sends(at, connection, request(stream, id, method, END_STREAM))
    }

    /// Written, arrived and executed, all at one instant.
    pub fn h2_attempt(self, at: Millis, id: &str, method: &str, connection: u32, stream: u32) -> Self {
        self.h2_write(at, id, method, connection, stream)
            .origin_gets(at, connection)
            .executed(at, id, connection)
    }

    /// Started, written, arrived and executed, all at one instant.
    pub fn h2_request(self, at: Millis, id: &str, method: &str, connection: u32, stream: u32) -> Self {
        self.start(at, id, method).h2_attempt(at, id, method, connection, stream)
    }

    /// The default answer, delivered and reported.
    pub fn h2_response(self, at: Millis, id: &str, connection: u32, stream: u32) -> Self {
        let body = format!("{id}@{connection}");
        self.replied(at, id, connection, 200, &body, true)
            .bytes(at, connection, answer(stream, &body))
            .finish(at, id, whole(200, &body))
    }
}
