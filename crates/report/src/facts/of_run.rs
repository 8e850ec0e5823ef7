//! Facts of a run that was just played.

use closewait_oracle::gate::{Attempt, Bytes, RequestFacts};
use closewait_scenario::Direction;
use closewait_trace::{BodyEnd, Fate, Outcome, Request, Trace, Views, What};

use crate::transcript::error_words;

/// What became of each request.
pub fn requests(views: &Views) -> Vec<RequestFacts> {
    views.requests.iter().map(request).collect()
}

/// How many connections the client opened, or tried to.
pub fn opened(views: &Views) -> u32 {
    let opened = views.connections.iter().filter(|connection| connection.syn.is_some()).count();
    u32::try_from(opened).unwrap_or(u32::MAX)
}

/// What went over its connections.
pub fn bytes(trace: &Trace) -> Bytes {
    let mut bytes = Bytes::default();
    for event in &trace.events {
        let What::Segment { direction, fate: Fate::Sent, segment, .. } = &event.what else { continue };
        if !segment.retransmission {
            let way = match direction {
                Direction::ToOrigin => &mut bytes.sent,
                Direction::ToClient => &mut bytes.received,
            };
            *way += segment.payload.len() as u64;
        }
    }
    bytes
}

fn request(request: &Request) -> RequestFacts {
    let attempt = |attempt: &closewait_trace::Attempt| Attempt {
        connection: attempt.connection,
        stream: attempt.stream,
        fresh: attempt.fresh,
    };
    let (outcome, error) = match request.outcome() {
        Some(Outcome::Response { status, end, .. }) => {
            let error = match end {
                BodyEnd::Failed { kind, .. } => Some(error_words(*kind).to_owned()),
                BodyEnd::Complete | BodyEnd::Dropped => None,
            };
            (Some(status.to_string()), error)
        }
        Some(Outcome::Error { kind, .. }) => (Some("error".to_owned()), Some(error_words(*kind).to_owned())),
        Some(Outcome::Deadline) => (Some("deadline".to_owned()), None),
        Some(Outcome::Cancelled) => (Some("cancelled".to_owned()), None),
        None => (None, None),
    };
    let took = request.finished.as_ref().map(|(finished, _)| finished.at - request.started.at);
    RequestFacts {
        id: request.id.clone(),
        method: Some(request.method.clone()),
        outcome,
        error,
        attempts: request.attempts.iter().map(attempt).collect(),
        executed: u32::try_from(request.executions.len()).unwrap_or(u32::MAX),
        took_ms: took,
    }
}
