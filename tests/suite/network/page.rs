//! A trace as lines that a test can expect.

use closewait::scenario::Direction;
use closewait::trace::{BodyEnd, Event, Fate, Outcome, Segment, Trace, What};

/// One line an event: `10 1> sent SYN` (connection 1, towards the origin), `40 a: 200 complete`, `20 step 3 void`.
pub fn page(trace: &Trace) -> Vec<String> {
    trace.events.iter().filter_map(line).collect()
}

fn line(event: &Event) -> Option<String> {
    let said = match &event.what {
        What::StepVoid { step } => format!("step {step} void"),
        What::RequestFinished { request, outcome } => format!("{request}: {}", in_words(outcome)),
        What::Executed { request, connection } => format!("{connection} executed {request}"),
        What::Replied { request, connection, .. } => format!("{connection} replied {request}"),
        What::ClientClosing => "closing".to_owned(),
        What::Segment { connection, direction, fate, segment } => {
            let arrow = if *direction == Direction::ToOrigin { '>' } else { '<' };
            format!("{connection}{arrow} {} {}", fate_word(*fate), contents(segment))
        }
        _ => return None,
    };
    Some(format!("{} {said}", event.at))
}

fn in_words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Response { status, end, .. } => match end {
            BodyEnd::Complete => format!("{status} complete"),
            BodyEnd::Failed { kind, .. } => format!("{status} {kind:?}"),
            BodyEnd::Dropped => format!("{status} dropped"),
        },
        Outcome::Error { kind, .. } => format!("{kind:?}"),
        Outcome::Deadline => "deadline".to_owned(),
        Outcome::Cancelled => "cancelled".to_owned(),
    }
}

fn fate_word(fate: Fate) -> &'static str {
    match fate {
        Fate::Sent => "sent",
        Fate::Forged => "forged",
        Fate::Delivered => "delivered",
        Fate::Dropped => "lost",
    }
}

fn contents(segment: &Segment) -> String {
    let flags = match segment {
        s if s.rst => "RST".to_owned(),
        s if s.syn && s.ack => "SYN-ACK".to_owned(),
        s if s.syn => "SYN".to_owned(),
        s if s.fin => "FIN".to_owned(),
        s if s.payload.is_empty() => "ACK".to_owned(),
        // Short texts are a scenario's own bytes; whole messages are too long for a line.
        s if s.payload.len() <= 8 => String::from_utf8_lossy(&s.payload).trim().to_owned(),
        _ => "data".to_owned(),
    };
    if segment.retransmission { format!("{flags} again") } else { flags }
}
