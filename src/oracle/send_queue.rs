//! What a client has written and the network has not taken: it is not seen when it is written, and cannot be taken back.

use super::case::Case;
use crate::trace::{Connection, Direction, Fate, Moment, Request, What};

/// RST_STREAM, the smallest frame that says anything of a stream, bytes.
const FRAME: usize = 13;
/// What TLS adds to it, bytes.
const SEAL: usize = 22;

/// Whether what the client writes at that instant may leave later: as the instant began, or at the moment itself, the
/// peer's window or the host's send buffer was full.
pub(super) fn is_full(case: &Case, connection: &Connection, moment: Moment) -> bool {
    is_full_after(case, connection, case.began(moment).event) || is_full_after(case, connection, moment.event)
}

/// Whether the client may have written a request over HTTP/2 that no packet shows.
pub(super) fn may_hold(case: &Case, request: &Request) -> bool {
    let started = request.started;
    request.attempts.is_empty()
        && case.connections().any(|connection| {
            let open = connection.ready().is_some_and(|ready| ready < started)
                && connection.over().is_none_or(|over| started < over);
            connection.http2.is_some() && open && is_full(case, connection, started)
        })
}

fn is_full_after(case: &Case, connection: &Connection, event: usize) -> bool {
    let frame = if connection.tls.is_some() { FRAME + SEAL } else { FRAME };
    let next = connection.to_origin.sent.len_after(event) + frame;
    let (acknowledged, edge) = acknowledged(case, connection, event);
    next > edge || next > acknowledged + case.scenario.network.send_buffer as usize
}

/// How many bytes the client knew to be with the origin, and how many the origin permitted in all (RFC 9293 section 3.8.6).
fn acknowledged(case: &Case, connection: &Connection, until: usize) -> (usize, usize) {
    let events = case.trace.events.iter().take(until + 1);
    let acknowledgements = events.filter_map(|event| match &event.what {
        What::Segment {
            connection: number,
            direction: Direction::ToClient,
            fate: Fate::Delivered,
            segment,
        } if *number == connection.number && segment.ack => Some(segment),
        _ => None,
    });
    acknowledgements.fold((0, 0), |(acknowledged, edge), segment| {
        // The SYN takes number 0.
        let now = segment.ack_seq.saturating_sub(1) as usize;
        (acknowledged.max(now), edge.max(now + segment.window as usize))
    })
}
