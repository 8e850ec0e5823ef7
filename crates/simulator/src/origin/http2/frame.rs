//! Frames as bytes (RFC 9113 section 6).

use closewait_scenario::ErrorCode;

/// The largest frame that every receiver takes (RFC 9113 section 4.2).
pub(super) const LEAST_MAX_FRAME: usize = 16384;

/// Length of a frame's header.
pub(super) const HEADER: usize = 9;

const DATA: u8 = 0x0;
const HEADERS: u8 = 0x1;
const RST_STREAM: u8 = 0x3;
const SETTINGS: u8 = 0x4;
const PING: u8 = 0x6;
const GOAWAY: u8 = 0x7;
const WINDOW_UPDATE: u8 = 0x8;
const CONTINUATION: u8 = 0x9;

const END_STREAM: u8 = 0x1;
const ACK: u8 = 0x1;
const END_HEADERS: u8 = 0x4;

const MAX_CONCURRENT_STREAMS: u16 = 3;
const INITIAL_WINDOW_SIZE: u16 = 4;

/// DATA.
pub(super) fn data(stream: u32, data: &[u8], end_stream: bool) -> Vec<u8> {
    frame(DATA, if end_stream { END_STREAM } else { 0 }, stream, data)
}

/// HEADERS, and CONTINUATION for a block that does not fit into one frame.
pub(super) fn headers(stream: u32, block: &[u8], end_stream: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut fragments = block.chunks(LEAST_MAX_FRAME).peekable();
    let mut kind = HEADERS;
    while let Some(fragment) = fragments.next() {
        let end_headers = if fragments.peek().is_none() { END_HEADERS } else { 0 };
        let end_stream = if kind == HEADERS && end_stream { END_STREAM } else { 0 };
        bytes.extend(frame(kind, end_headers | end_stream, stream, fragment));
        kind = CONTINUATION;
    }
    bytes
}

/// RST_STREAM.
pub(super) fn rst_stream(stream: u32, error: ErrorCode) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &error.number().to_be_bytes())
}

/// SETTINGS, with those that are said.
pub(super) fn settings(max_streams: Option<u32>, initial_window: Option<u32>) -> Vec<u8> {
    let entries = [(MAX_CONCURRENT_STREAMS, max_streams), (INITIAL_WINDOW_SIZE, initial_window)];
    let mut payload = Vec::new();
    for (setting, value) in entries {
        if let Some(value) = value {
            payload.extend(setting.to_be_bytes());
            payload.extend(value.to_be_bytes());
        }
    }
    frame(SETTINGS, 0, 0, &payload)
}

/// SETTINGS that acknowledge the client's.
pub(super) fn settings_ack() -> Vec<u8> {
    frame(SETTINGS, ACK, 0, &[])
}

/// PING.
pub(super) fn ping(opaque: [u8; 8]) -> Vec<u8> {
    frame(PING, 0, 0, &opaque)
}

/// PING that acknowledges the client's.
pub(super) fn pong(opaque: [u8; 8]) -> Vec<u8> {
    frame(PING, ACK, 0, &opaque)
}

/// GOAWAY.
pub(super) fn goaway(last_stream: u32, error: ErrorCode) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[last_stream.to_be_bytes(), error.number().to_be_bytes()].concat())
}

/// WINDOW_UPDATE; stream 0 is the connection.
pub(super) fn window_update(stream: u32, by: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, &by.to_be_bytes())
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    // No payload is longer than a frame may be: bodies and header blocks come in pieces.
    let length = (payload.len() as u32).to_be_bytes();
    let mut bytes = Vec::with_capacity(HEADER + payload.len());
    bytes.extend_from_slice(&length[1..]);
    bytes.extend_from_slice(&[kind, flags]);
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}
