//! How much a client did, where a run has no end that says more.

use std::fmt;

use closewait_scenario::Direction;

use crate::{Fate, Trace, What};

/// What a client did until its run was stopped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Effort {
    /// Connections that it opened, or tried to: their first SYNs.
    pub connections: usize,
    /// Segments that it sent, those that were sent again included.
    pub segments: usize,
}

impl Trace {
    /// How much the client did.
    pub fn effort(&self) -> Effort {
        let mut effort = Effort::default();
        for event in &self.events {
            let What::Segment { direction: Direction::ToOrigin, fate: Fate::Sent, segment, .. } = &event.what
            else {
                continue;
            };
            effort.segments += 1;
            effort.connections += usize::from(segment.syn && !segment.retransmission);
        }
        effort
    }
}

impl fmt::Display for Effort {
    /// `opened 2533 connections and sent 7599 segments`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted =
            |n: usize, what: &str| if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") };
        let (connections, segments) =
            (counted(self.connections, "connection"), counted(self.segments, "segment"));
        write!(f, "opened {connections} and sent {segments}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{End, Event, Segment};

    fn check(segments: &[(Direction, Fate, bool, bool)], words: &str) {
        let event = |(direction, fate, syn, retransmission): &(Direction, Fate, bool, bool)| {
            let segment = Segment { syn: *syn, retransmission: *retransmission, ..Segment::default() };
            Event {
                at: 0,
                what: What::Segment { connection: 1, direction: *direction, fate: *fate, segment },
            }
        };
        let events = segments.iter().map(event).collect();
        let trace = Trace {
            events,
            records: Vec::new(),
            end: End::Hang,
            sockets: Vec::new(),
            panics: Vec::new(),
            retries: None,
            untried: Vec::new(),
            unsupported: None,
        };
        assert_eq!(trace.effort().to_string(), words);
    }

    #[test]
    fn what_the_client_sent_is_counted_once() {
        let to_origin = |syn, again| (Direction::ToOrigin, Fate::Sent, syn, again);
        check(&[], "opened 0 connections and sent 0 segments");
        check(&[to_origin(true, false)], "opened 1 connection and sent 1 segment");
        let syn_ack = (Direction::ToClient, Fate::Sent, true, false);
        let arrived = (Direction::ToOrigin, Fate::Delivered, true, false);
        let all = [to_origin(true, false), arrived, syn_ack, to_origin(true, true), to_origin(false, false)];
        check(&all, "opened 1 connection and sent 3 segments");
    }
}
