//! As much of an origin of HTTP/2 as the proofs need.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

const PREFACE: usize = 24;
const FRAME_HEADER: usize = 9;

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;

pub(super) const END_STREAM: u8 = 1;
pub(super) const ACK: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

/// A connection whose client has the origin's settings.
pub(super) fn accept(listener: &TcpListener, settings: &[u8]) -> TcpStream {
    let (mut stream, _) = listener.accept().expect("a client comes");
    stream.read_exact(&mut [0; PREFACE]).expect("a client of HTTP/2 says so");
    send(&mut stream, &[frame(SETTINGS, 0, 0, settings)]);
    stream
}

/// The stream of the next request.
pub(super) fn request(stream: &mut TcpStream) -> u32 {
    loop {
        match receive(stream).expect("a request comes") {
            (SETTINGS, 0, _) => send(stream, &[frame(SETTINGS, ACK, 0, &[])]),
            (HEADERS, _, id) => return id,
            _ => {}
        }
    }
}

pub(super) fn send(stream: &mut TcpStream, frames: &[Vec<u8>]) {
    stream.write_all(&frames.concat()).expect("the client is there");
}

/// Type, flags and stream; `None` at the end of the connection.
pub(super) fn receive(stream: &mut TcpStream) -> Option<(u8, u8, u32)> {
    let mut header = [0; FRAME_HEADER];
    stream.read_exact(&mut header).ok()?;
    let length = u32::from_be_bytes([0, header[0], header[1], header[2]]);
    let mut payload = vec![0; length as usize];
    stream.read_exact(&mut payload).expect("frames come whole");
    Some((header[3], header[4], u32::from_be_bytes([header[5], header[6], header[7], header[8]])))
}

pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a frame is short").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}
