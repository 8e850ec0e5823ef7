//! Why a client did not do what it otherwise owes.

use std::fmt;

use closewait_trace::{SignalKind, StaleReason};

use super::words::{cause, name};

/// What a client is excused by, by name, and in words that end `… was excused: `.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Excuse<'a> {
    /// The connection was stale, or became so within the instant.
    Stale(&'a StaleReason),
    /// What makes it stale was on its way.
    OnItsWay(SignalKind),
    /// An unasked CRLF came, which a client may discard (RFC 9112 section 9.2).
    UnaskedCrlf,
    /// A response came whose length was told in two ways (RFC 9112 section 6.1).
    LengthToldTwice,
    /// The origin refused streams on it, one after the other.
    Refusing,
    /// A request was given up on it, or a PING sent, and nothing came since.
    Silent,
    /// The network has taken nothing, and not even an acknowledgement came.
    CutOff,
    /// It had lain idle for about as long as either end allows.
    IdleTooLong,
    /// Another request used it.
    Taken,
    /// When the client closed it cannot be seen: the FIN may have waited for the network.
    ClosedUnseen,
    /// The application was closing the client.
    Closing,
    /// The client had as many connections, or idle ones, as it may have.
    AtItsLimit,
    /// The client found fault with what came (RFC 9113 section 5.4.1).
    FoundFault,
    /// The answer to a PING came at the end of the ping timeout, or not at all.
    PingTooLate,
    /// Another connection had just proved dead, and this one had been silent for longer.
    InBadCompany,
    /// A connection was being dialled.
    Dialling,
    /// There was no room for another connection.
    InLine,
    /// Every connection had as many streams as its origin permits, or was in doubt.
    NoStream,
    /// What was written lay in the send queue: the network took nothing.
    Queued,
}

impl fmt::Display for Excuse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stale(reason) => return f.write_str(&cause(reason)),
            Self::OnItsWay(kind) => return write!(f, "{} was on its way", name(*kind)),
            Self::UnaskedCrlf => "an unasked CRLF was delivered on it",
            Self::LengthToldTwice => "a response told its length in two ways",
            Self::Refusing => "the origin refused streams on it, one after the other",
            Self::Silent => "nothing came on it since a request was given up or a PING sent",
            Self::CutOff => "the network took nothing, and nothing came",
            Self::IdleTooLong => "it had been idle too long",
            Self::Taken => "another request used it",
            Self::ClosedUnseen => "its FIN may have waited for the network",
            Self::Closing => "the client was being closed",
            Self::AtItsLimit => "the client has a limit of connections",
            Self::FoundFault => "the client found fault with what came on it",
            Self::PingTooLate => "a PING was not answered in time on it",
            Self::InBadCompany => "another connection had just proved dead",
            Self::Dialling => "a connection was being dialled",
            Self::InLine => "there was no room for another connection",
            Self::NoStream => "no connection had a stream to spare",
            Self::Queued => "the network took nothing of what was written",
        })
    }
}
