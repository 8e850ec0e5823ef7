//! Why a client did not do what it otherwise owes.

use std::fmt;

use closewait_trace::{SignalKind, StaleReason};

use super::words::{cause, name};

/// What exempts a client. It is printed as what follows `… because`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exemption<'a> {
    // A client may pass over the connection.
    Stale(&'a StaleReason),
    OnItsWay(SignalKind),
    UnaskedCrlf,
    LengthGivenTwice,
    Refusing,
    Silent,
    CutOff,
    IdleTooLong,
    Taken,
    // It may have closed the connection.
    Closing,
    AtItsLimit,
    FoundFault,
    PingTooLate,
    InBadCompany,
    UploadFailed,
    // A request may wait on.
    Dialling,
    InLine,
    NoStream,
    Queued,
}

impl fmt::Display for Exemption<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stale(reason) => return f.write_str(&cause(reason)),
            Self::OnItsWay(kind) => return write!(f, "{} was on its way", name(*kind)),
            Self::UnaskedCrlf => "an unasked CRLF was delivered on it",
            Self::LengthGivenTwice => "a response told its length in two ways",
            Self::Refusing => "the origin refused streams on it, one after the other",
            Self::Silent => "nothing came on it since a request was given up or a PING sent",
            Self::CutOff => "the network took nothing, and nothing came",
            Self::IdleTooLong => "it had been idle too long",
            Self::Taken => "another request used it",
            Self::Closing => "the client was being closed",
            Self::AtItsLimit => "the client has a limit of connections",
            Self::FoundFault => "the client found fault with what came on it",
            Self::PingTooLate => "a PING was not answered in time on it",
            Self::InBadCompany => "another connection had just proved dead",
            Self::UploadFailed => "the application's body failed in that instant",
            Self::Dialling => "a connection was being dialled",
            Self::InLine => "there was no room for another connection",
            Self::NoStream => "no connection had a stream to spare",
            Self::Queued => "the network took nothing of what was written",
        })
    }
}
