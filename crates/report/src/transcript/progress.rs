//! What a transcript has to remember of one connection.

use closewait_trace::Direction;

/// How far one connection has come, up to one event.
#[derive(Debug, Default)]
pub struct Progress {
    /// The SYN of the answer reached the client.
    pub open: bool,
    /// How many requests were written on it.
    pub requests: usize,
    /// Who sent FIN, in order.
    pub fins: Vec<Direction>,
    /// Who sent RST: only the first of each side is news, later ones answer segments that were in flight.
    pub resets: Vec<Direction>,
    /// FIN or RST reached the client.
    pub client_knows_end: bool,
}

impl Progress {
    /// Whether this side has sent FIN.
    pub fn has_ended(&self, direction: Direction) -> bool {
        self.fins.contains(&direction)
    }
}
