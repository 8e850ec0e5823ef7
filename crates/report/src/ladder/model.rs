//! The diagram as data. Times are milliseconds of virtual time; events are indexes into the trace, and order what
//! happens at one instant.

use closewait_scenario::Direction;
use closewait_trace::Millis;
use serde::{Deserialize, Serialize};

/// One run: the client's line on the left, the origin's on the right.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ladder {
    /// The last instant that is shown.
    pub end_ms: Millis,
    /// Segments, in the order in which they left. Pure acknowledgements are left out.
    pub arrows: Vec<Arrow>,
    /// What happened at one of the ends, or to the network, in order.
    pub notes: Vec<Note>,
    /// From when to when a connection was stale for the client.
    pub stale: Vec<Stale>,
    /// Times in which nothing happens, to be folded.
    pub gaps: Vec<Gap>,
}

/// A segment, or several that carry parts of the same thing at about the same time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrow {
    /// Connection number, from 1, in the order of the SYNs.
    pub connection: u32,
    /// HTTP/2 stream identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<u32>,
    /// Which way it goes.
    pub to: Direction,
    /// When it (the first of them) left.
    pub sent_ms: Millis,
    /// The event of its leaving.
    pub sent_event: usize,
    /// When it (the last of them) arrived; `None` if it was lost, or was on its way to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrived_ms: Option<Millis>,
    /// The event of its arrival, or of its loss; `None` if it was on its way to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrived_event: Option<usize>,
    /// What it carries, e.g. `b`, `answer to b`, `FIN`.
    pub label: String,
    /// What kind of thing it carries.
    pub kind: ArrowKind,
    /// A middlebox made it; the host at its beginning did not.
    #[serde(default, skip_serializing_if = "is_false")]
    pub forged: bool,
    /// It was sent before.
    #[serde(default, skip_serializing_if = "is_false")]
    pub again: bool,
    /// How many segments the arrow stands for.
    pub segments: u32,
    /// It stands for others that say the same as the one before it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub folded: bool,
    /// The client wrote a request on a connection that was stale for it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub stale: bool,
    /// It is part of the proof of a violation.
    #[serde(default, skip_serializing_if = "is_false")]
    pub proof: bool,
}

impl Arrow {
    /// Whether it never arrives: what is on its way to the end may.
    pub fn is_lost(&self) -> bool {
        self.arrived_ms.is_none() && self.arrived_event.is_some()
    }

    /// Whether neither its arrival nor its loss is in the run.
    pub fn is_under_way(&self) -> bool {
        self.arrived_ms.is_none() && self.arrived_event.is_none()
    }
}

/// What an arrow carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArrowKind {
    /// SYN, or its answer.
    Open,
    /// A request.
    Request,
    /// An answer.
    Answer,
    /// Bytes that the script made the origin send.
    Unasked,
    /// Bytes of no known origin.
    Bytes,
    /// Messages of the TLS handshake, or an alert.
    Tls,
    /// A frame of HTTP/2 that is neither a request nor an answer.
    Frame,
    /// FIN.
    Fin,
    /// RST.
    Rst,
}

/// Something that is no segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When.
    pub at_ms: Millis,
    /// The event.
    pub event: usize,
    /// Where.
    pub side: Side,
    /// What kind of thing.
    pub kind: NoteKind,
    /// In plain words.
    pub label: String,
    /// It is part of the proof of a violation.
    #[serde(default, skip_serializing_if = "is_false")]
    pub proof: bool,
}

/// Where something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// At the client, or the application above it.
    Client,
    /// At the origin.
    Origin,
    /// Between them.
    Network,
}

/// What kind of thing happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoteKind {
    /// The application hands over a request.
    Request,
    /// The application knows the outcome.
    Outcome,
    /// The origin carries out a request, or answers it.
    Served,
    /// The script makes the origin or the network do something.
    Fault,
    /// The client is closed.
    Closing,
}

/// A time in which a connection was stale for the client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stale {
    /// Connection number.
    pub connection: u32,
    /// From when on.
    pub from_ms: Millis,
    /// When the client had done with the connection, or the run ended.
    pub until_ms: Millis,
    /// Why, e.g. `its FIN was delivered`.
    pub reason: String,
}

/// A time in which nothing happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// After this instant…
    pub from_ms: Millis,
    /// …until this one.
    pub until_ms: Millis,
}

// serde hands over references.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(flag: &bool) -> bool {
    !flag
}
