//! Why a request has no response, and what is known of how far it got.

use std::fmt;
use std::io;
use std::time::Duration;

use super::pool::ConnectionId;

/// A request that failed.
#[derive(Debug, thiserror::Error)]
#[error("{cause}{}", attempts(.attempt, .retried))]
pub struct TransportError {
    /// What went wrong with the last attempt.
    #[source]
    pub cause: Cause,
    /// How far the last attempt got.
    pub progress: Progress,
    /// Which attempt this was, from 1.
    pub attempt: u32,
    /// Why each of the attempts before was repeated.
    pub retried: Vec<RetryReason>,
    /// The shared connection that the last attempt was made on, if it was one.
    pub connection: Option<ConnectionId>,
}

/// Why a request was sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryReason {
    /// Not a byte of it had been written: the origin cannot have seen it.
    NeverWritten,
    /// The origin said that it did not process it (RFC 9113 section 8.7): REFUSED_STREAM, or a stream above the last one
    /// of a GOAWAY.
    Refused,
    /// It is idempotent (RFC 9110 section 9.2.2), and a reused connection ended before a byte of the response.
    Idempotent,
    /// It has an `Idempotency-Key`, and a reused connection ended before a byte of the response.
    IdempotencyKey,
}

impl fmt::Display for RetryReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NeverWritten => "never written",
            Self::Refused => "refused unseen",
            Self::Idempotent => "idempotent",
            Self::IdempotencyKey => "has an idempotency key",
        })
    }
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// One of the four timeouts passed.
    #[error("{phase} timed out after {after:?}")]
    Timeout {
        /// Which.
        phase: Phase,
        /// The limit.
        after: Duration,
    },
    /// No connection could be established.
    #[error("connect failed: {0}")]
    Connect(io::Error),
    /// The connection ended, or what arrived is not HTTP.
    #[error(transparent)]
    Http(hyper::Error),
    /// The stream was reset without an error before the response was whole (RFC 9113 section 8.1).
    #[error("the stream ended before the response was complete")]
    Truncated,
    /// FIN, RST or bytes that nobody asked for were there before the request was written.
    #[error("the connection was stale before the request was written")]
    Stale,
    /// The connection was taken for dead, because it did not answer a ping.
    #[error("the connection did not answer a ping")]
    Unresponsive,
    /// The request cannot be sent: it has no authority, say.
    #[error("invalid request: {0}")]
    Invalid(&'static str),
    /// The transport is closed.
    #[error("the transport is closed")]
    Closed,
    /// A service without a network failed.
    #[error("the service failed: {0}")]
    Service(Box<dyn std::error::Error + Send + Sync>),
    /// The store of idempotency keys failed, and the guard fails closed.
    #[error("the idempotency store failed: {0}")]
    Store(String),
}

/// The phases of a request that have a timeout each, as in httpx.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Establishing a connection.
    Connect,
    /// Waiting for bytes of the response.
    Read,
    /// Waiting for the socket to take bytes of the request.
    Write,
    /// Waiting for a connection of the pool.
    Pool,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connect",
            Self::Read => "read",
            Self::Write => "write",
            Self::Pool => "pool",
        })
    }
}

/// How far an attempt got.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// The connection carried a request before.
    pub reused: bool,
    /// The socket took a byte of the request.
    pub written: bool,
    /// A byte of the response was read.
    pub received: bool,
}

impl Cause {
    /// The same cause for another request that waited for the same dial.
    pub(super) fn for_another(&self) -> Self {
        match self {
            Self::Timeout { phase, after } => Self::Timeout { phase: *phase, after: *after },
            Self::Connect(error) => Self::Connect(again(error)),
            // A handshake that failed, say: what it was its first request is told.
            other => Self::Connect(io::Error::other(other.to_string())),
        }
    }
}

fn again(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None if error.get_ref().is_none() => error.kind().into(),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

impl TransportError {
    pub(super) fn new(cause: Cause, progress: Progress) -> Self {
        Self { cause, progress, attempt: 1, retried: Vec::new(), connection: None }
    }
}

fn attempts(attempt: &u32, retried: &[RetryReason]) -> String {
    match retried {
        [] => String::new(),
        reasons => {
            let reasons: Vec<String> = reasons.iter().map(ToString::to_string).collect();
            format!(" (attempt {attempt}, after: {})", reasons.join(", "))
        }
    }
}
