//! HTTP/2 on the wire: frames (RFC 9113) and header blocks (RFC 7541), read by our own code so that neither origin
//! nor trace depends on the HTTP/2 library of the client under test.

mod bounds;
mod code;
mod conduct;
mod connection;
mod frame;
mod hpack;
mod huffman;
mod message;
mod news;
mod static_table;
#[doc(hidden)]
pub mod testing;
#[cfg(test)]
mod tests;
mod wire;

pub use code::{ErrorCode, Setting};
pub use connection::{Fault, GoAway, Http2};
pub(super) use connection::{is_spoken, read};
pub use frame::{DEFAULT_MAX_FRAME_SIZE, Frame, Next, PREFACE, Payload, next_frame};
pub use hpack::{Decoder, Field};
pub use wire::{FrameKind, Head, WireFrame};
