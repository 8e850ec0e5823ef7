//! Where in a run a fault can be injected.

use std::fmt;

use closewait_scenario::{Cut, Direction};
use closewait_trace::Millis;

/// Where in a run a fault is injected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Point {
    /// At an instant of virtual time.
    Instant {
        /// Which connection; `None` is the whole host.
        connection: Option<u32>,
        /// Milliseconds since the start of the run.
        at: Millis,
    },
    /// When a packet leaves.
    Packet(Packet),
    /// In the answer to a request.
    Message {
        /// Request id.
        request: String,
        /// Where it is cut; `None` is behind its end.
        cut: Option<Cut>,
    },
    /// When the head of a request arrives.
    Arrival {
        /// Request id.
        request: String,
    },
    /// At an instant of the life of a request.
    Stream {
        /// Request id.
        request: String,
        /// Milliseconds since the start of the run.
        at: Millis,
    },
}

/// A packet of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet {
    /// Connection number.
    pub connection: u32,
    /// Which way it goes.
    pub direction: Direction,
    /// Which of its connection and direction, from 1.
    pub n: u32,
    /// When it leaves, milliseconds since the start of the run.
    pub at: Millis,
    /// Whether it carries payload, SYN or FIN.
    pub solid: bool,
    /// How much later the next one of its connection and direction leaves, milliseconds.
    pub gap: Option<Millis>,
}

impl Point {
    /// When, in milliseconds since the start of the run; a message has no instant that is known beforehand.
    pub fn at(&self) -> Option<Millis> {
        match self {
            Self::Instant { at, .. } | Self::Stream { at, .. } => Some(*at),
            Self::Packet(packet) => Some(packet.at),
            Self::Message { .. } | Self::Arrival { .. } => None,
        }
    }

    /// What is struck: a connection's number, or a request's id; `None` is the whole host.
    pub fn subject(&self) -> Option<String> {
        match self {
            Self::Instant { connection, .. } => connection.map(|connection| connection.to_string()),
            Self::Packet(packet) => Some(packet.connection.to_string()),
            Self::Message { request, .. } | Self::Arrival { request } | Self::Stream { request, .. } => {
                Some(request.clone())
            }
        }
    }
}

/// `120ms`, `out3` (the third packet to the origin), `in4` (the fourth to the client), `header2`, `end`.
impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instant { at, .. } | Self::Stream { at, .. } => write!(f, "{at}ms"),
            Self::Packet(Packet { direction: Direction::ToOrigin, n, .. }) => write!(f, "out{n}"),
            Self::Packet(Packet { direction: Direction::ToClient, n, .. }) => write!(f, "in{n}"),
            Self::Arrival { .. } => f.write_str("arrival"),
            Self::Message { cut, .. } => match cut {
                Some(Cut::Byte(n)) => write!(f, "byte{n}"),
                Some(Cut::StatusLine) => f.write_str("status-line"),
                Some(Cut::Header(n)) => write!(f, "header{n}"),
                Some(Cut::Head) => f.write_str("head"),
                Some(Cut::Body(n)) => write!(f, "body{n}"),
                Some(Cut::Record(n)) => write!(f, "record{n}"),
                Some(Cut::LastChunk) => f.write_str("last-chunk"),
                None => f.write_str("end"),
            },
        }
    }
}
