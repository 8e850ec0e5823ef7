//! HTTP/2 on the wire: frames (RFC 9113) and header blocks (RFC 7541), read by our own code so that neither origin
//! nor trace depends on the HTTP/2 library of the client under test.

mod code;
mod frame;
mod hpack;
mod huffman;
mod static_table;

pub use code::{ErrorCode, Setting};
pub(crate) use frame::{Frame, Next, PREFACE, Payload, next_frame};
pub(crate) use hpack::{Decoder, Field};
