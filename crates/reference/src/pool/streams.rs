//! The requests on a connection that carries several at a time, and what its peer has said.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Ticket;
use super::keep_alive::KeepAlive;

/// How many streams are opened before the peer has announced its limit: the least that RFC 9113 section 6.5.2 recommends.
pub(super) const INITIAL_STREAMS: u32 = 100;

/// What is known of a shared connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Streams {
    pub held: BTreeMap<Ticket, Hold>,
    /// How many streams the peer takes at a time.
    pub limit: u32,
    /// GOAWAY was received, or too many streams were refused: no more streams, those that are open come to their end.
    pub draining: bool,
    /// Streams that the peer refused in a row.
    pub refused: u32,
    pub keep_alive: KeepAlive,
}

/// What a request has of a shared connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    /// A place, while the event loop turns.
    Looking,
    /// A stream.
    Open { since: Duration },
    /// A stream on which only the rest of a request goes on, behind its response: one less for others.
    Sending,
}

impl Streams {
    pub fn new(now: Duration) -> Self {
        Self {
            held: BTreeMap::new(),
            limit: INITIAL_STREAMS,
            draining: false,
            refused: 0,
            keep_alive: KeepAlive::since(now),
        }
    }

    pub fn is_busy(&self) -> bool {
        self.held.values().any(|hold| *hold != Hold::Sending)
    }

    pub fn has_room(&self) -> bool {
        self.held.len() < self.limit as usize
    }

    pub fn takes_more(&self) -> bool {
        !self.draining && self.keep_alive.doubt.is_none() && self.has_room()
    }

    pub fn looking(&self) -> Vec<Ticket> {
        let looking = self.held.iter().filter(|(_, hold)| **hold == Hold::Looking);
        looking.map(|(ticket, _)| *ticket).collect()
    }
}
