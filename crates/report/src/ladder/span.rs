//! Spans of time: stale connections, and gaps in which nothing happens.

use closewait_scenario::Direction;
use closewait_trace::{Millis, StaleReason, Views};

use super::model::{ArrowKind, Gap, Ladder, Stale};

/// Nothing happens for longer than this: it can be folded.
const IDLE: Millis = 100;

/// Adds what spans of time there are to a diagram that has its arrows and notes.
pub fn mark(ladder: &mut Ladder, views: &Views) {
    for connection in views.connections.iter() {
        let Some(stale) = views.stale_since(connection.number) else { continue };
        let until = connection.ended().map_or(ladder.end_ms, |ended| ended.at).min(ladder.end_ms);
        if stale.at > ladder.end_ms {
            continue;
        }
        ladder.stale.push(Stale {
            connection: connection.number,
            from_ms: stale.at,
            until_ms: until.max(stale.at),
            reason: words(&stale.reason),
        });
        for arrow in &mut ladder.arrows {
            let request = arrow.kind == ArrowKind::Request && arrow.to == Direction::ToOrigin;
            arrow.stale |=
                request && !arrow.again && arrow.connection == connection.number && arrow.sent_ms > stale.at;
        }
    }
    ladder.gaps = gaps(ladder);
}

fn gaps(ladder: &Ladder) -> Vec<Gap> {
    let mut instants: Vec<Millis> = ladder.notes.iter().map(|note| note.at_ms).collect();
    for arrow in &ladder.arrows {
        instants.push(arrow.sent_ms);
        instants.extend(arrow.arrived_ms);
    }
    instants.push(ladder.end_ms);
    instants.sort_unstable();
    let pairs = instants.windows(2).filter(|pair| pair[1] - pair[0] > IDLE);
    pairs.map(|pair| Gap { from_ms: pair[0], until_ms: pair[1] }).collect()
}

fn words(reason: &StaleReason) -> String {
    match reason {
        StaleReason::FinDelivered => "its FIN was delivered".to_owned(),
        StaleReason::RstDelivered => "an RST was delivered".to_owned(),
        StaleReason::CloseNotifyDelivered => "its close_notify was delivered".to_owned(),
        StaleReason::AlertDelivered { description } => format!("the alert {description} was delivered"),
        StaleReason::Unsolicited => "bytes that nobody asked for were delivered".to_owned(),
        StaleReason::PersistenceEnded { request } => format!("the answer to {request} ended its persistence"),
        StaleReason::MalformedResponse { request, what } => {
            format!("{what} came in the answer to {request}")
        }
        StaleReason::Abandoned { request } => format!("{request} was given up on it"),
        StaleReason::GoAway { last_stream, code } => {
            format!("a GOAWAY was delivered: last stream {last_stream}, {code}")
        }
        StaleReason::Malformed { what } => format!("{what} was delivered"),
        StaleReason::PingUnanswered { .. } => "the client's ping timeout passed".to_owned(),
        StaleReason::PingOmitted { .. } => "a PING was due, and none was sent".to_owned(),
        StaleReason::IdleTimeout { .. } => "the client's idle timeout passed".to_owned(),
        StaleReason::KeepAliveTimeout { .. } => "the origin's Keep-Alive timeout passed".to_owned(),
    }
}
