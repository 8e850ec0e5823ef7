//! HTTP/2 (RFC 9113): our own framing, so that the origin never depends on the HTTP/2 library of the client under test.
//!
//! `incoming` turns bytes into what arrived, `streams` is what both ends know of the connection, `outgoing` what is still
//! to be written on a stream, `frame` and `hpack` write bytes. `session` puts them together for one connection, and
//! `serve` tells the origin what arrived. Everything but `session` and `serve` is data without a socket.

mod frame;
mod hpack;
mod incoming;
mod outgoing;
mod request;
mod serve;
mod session;
mod streams;
#[cfg(test)]
mod tests;

pub(super) use serve::{Asker, serve};
pub(super) use session::Session;
