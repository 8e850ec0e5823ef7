//! Where a signal falls in the life of an attempt: the windows of the race between request and close.

use super::{Exchange, Signal};

/// The windows, in order of what the client could know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Window {
    /// Delivered at an earlier instant than the first byte of the request was written.
    W0,
    /// Delivered at the instant of the writing, but before it.
    W1,
    /// Delivered while the request was being written.
    W2,
    /// Delivered after the request was written and before any byte of its response.
    W3,
    /// Delivered after a part of the response.
    W4,
    /// On its way when the request was written, delivered before any byte of its response.
    W5,
    /// Never delivered.
    W6,
}

impl Window {
    /// The window of `signal` in `exchange`; `None` if it came after the response was whole, or the stream reset.
    pub fn of(signal: &Signal, exchange: &Exchange) -> Option<Self> {
        let (written, last) = (exchange.request.first_sent, exchange.request.last_sent);
        let Some(delivered) = signal.delivered else { return Some(Self::W6) };
        let response = exchange.response.as_ref();
        // Bytes that answer nothing may stand where the response should be.
        let in_its_place =
            exchange.is_premature() && response.is_some_and(|response| response.first_delivered == delivered);
        let complete = response.and_then(|response| response.complete);
        if complete.is_some_and(|complete| complete <= delivered) && !in_its_place {
            return None;
        }
        let is_over = exchange.stream.is_some() && exchange.ended().is_some_and(|ended| ended <= delivered);
        if is_over {
            return None;
        }
        Some(if delivered < written {
            if delivered.precedes(written) { Self::W0 } else { Self::W1 }
        } else if response.is_some_and(|response| response.first_delivered < delivered) {
            Self::W4
        } else if signal.sent.is_some_and(|sent| sent < written) {
            Self::W5
        } else if last.is_none_or(|last| delivered <= last) {
            Self::W2
        } else {
            Self::W3
        })
    }

    /// Whether nobody is to blame for the race itself: the signal was neither known before nor missing for ever.
    pub fn is_race(self) -> bool {
        matches!(self, Self::W1 | Self::W2 | Self::W3 | Self::W5)
    }

    /// The name, as findings use it.
    pub fn name(self) -> &'static str {
        match self {
            Self::W0 => "W0",
            Self::W1 => "W1",
            Self::W2 => "W2",
            Self::W3 => "W3",
            Self::W4 => "W4",
            Self::W5 => "W5",
            Self::W6 => "W6",
        }
    }

    /// What the name stands for, in a few words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::W0 => "known before the request was written",
            Self::W1 => "delivered at the same instant, just before the request was written",
            Self::W2 => "delivered while the request was being written",
            Self::W3 => "delivered after the request was written",
            Self::W4 => "delivered after a part of the response",
            Self::W5 => "in flight when the request was written",
            Self::W6 => "never delivered",
        }
    }
}
