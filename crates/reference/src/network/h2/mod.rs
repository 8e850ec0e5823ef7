//! hyper's HTTP/2 on a socket: what the pool must hear of it, and what it has to say.

mod body;
mod exchange;
mod frames;
mod lease;
mod link;
mod progress;

pub(super) use exchange::exchange;
pub(super) use lease::StreamLease;
pub(super) use link::{Link, LinkIo, Notice};
pub(super) use progress::PIECE;

use hyper::client::conn::http2::SendRequest;
use progress::Paced;

/// hyper's handle on one connection; its clones share it.
pub(super) type Sender = SendRequest<Paced>;
