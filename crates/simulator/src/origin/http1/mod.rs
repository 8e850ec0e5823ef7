//! HTTP/1.1 (RFC 9112): requests off a connection, one after the other, and replies as bytes.

mod message;
mod request;
mod serve;

pub(super) use serve::{Asker, serve};
