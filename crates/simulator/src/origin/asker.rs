//! Who is to be answered: a connection of HTTP/1.1, or a stream of HTTP/2.

use std::sync::Arc;

use bytes::Bytes;
use closewait_scenario::Reply;

use super::connection::Connection;
use super::{http1, http2};

/// Who is to be answered.
#[derive(Clone)]
pub(super) enum Asker {
    Http1(http1::Asker),
    Http2(http2::Asker),
}

/// What is about to be written of a reply.
pub(super) struct Written {
    /// The whole content that belongs to the reply.
    pub body: Bytes,
    /// Whether the message is written whole.
    pub complete: bool,
}

impl Asker {
    /// Where the request arrived.
    pub fn connection(&self) -> &Arc<Connection> {
        match self {
            Self::Http1(asker) => asker.connection(),
            Self::Http2(asker) => asker.connection(),
        }
    }

    /// Writes the reply, and tells before it does what that will be. Nothing where nobody waits any more.
    pub fn answer(&self, reply: &Reply, tell: impl FnOnce(Written)) {
        match self {
            Self::Http1(asker) => asker.answer(reply, tell),
            Self::Http2(asker) => asker.answer(reply, tell),
        }
    }

    /// Writes an interim reply: another one is still owed.
    pub fn interim(&self, reply: &Reply) {
        match self {
            Self::Http1(asker) => asker.interim(reply),
            Self::Http2(asker) => asker.interim(reply),
        }
    }
}
