//! What happened in one run, in order. Plain data: no clock, no socket, no client.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub use closewait_scenario::Direction;

use crate::Retries;

/// Milliseconds of virtual time since the start of the run.
pub type Millis = u64;

/// Everything that one run of a scenario against a client left behind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// In order. Events of one instant are in the order in which they happened.
    pub events: Vec<Event>,
    /// TLS: what the segments carried, by connection, direction and offset. Their payload itself is all zeros
    /// then: ciphertext differs from run to run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<TlsRecord>,
    /// How the run ended.
    pub end: End,
    /// The client host's TCP sockets after the client was closed (or dropped) and the network was at rest.
    pub sockets: Vec<SocketAtEnd>,
    /// What panicked in tasks of the client, and was caught there: `message, at FILE:LINE`, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub panics: Vec<String>,
    /// How often the client may send a request again; `None` if it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<Retries>,
    /// The steps that had no effect by the end of the script, in its order. The run does not try what the scenario is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub untried: Vec<Untried>,
    /// Why this client cannot play this scenario, if that came out during the run.
    pub unsupported: Option<String>,
}

/// A step that had no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Untried {
    /// Index into `Scenario::script`, from 0.
    pub step: usize,
    /// Why not.
    pub why: WhyUntried,
}

/// Why a step had no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhyUntried {
    /// It waited for a segment that did not leave.
    NoSuchSegment {
        /// So many left on that connection, that way.
        carried: u32,
    },
    /// The script was over before its time had come.
    TooLate,
    /// The connection, or the stream, that it names was not there.
    NotThere,
    /// It was carried out, and nothing met it: no segment was lost by a drop, no request asked for a reply.
    NotMet,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Millis,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum What {
    /// A step of the script took effect.
    Step {
        /// Index into `Scenario::script`, from 0.
        step: usize,
    },
    /// The step that was just noted names a connection that does not exist: nothing was done.
    StepVoid {
        /// Index into `Scenario::script`, from 0.
        step: usize,
    },
    /// The application handed a request to the client.
    RequestStarted {
        /// Request id.
        request: String,
        /// Method.
        method: String,
        /// Path.
        path: String,
        /// Length of the body, bytes.
        body: u32,
    },
    /// The application dropped the request's future (a `cancel` step, or the deadline: see the outcome).
    RequestCancelled {
        /// Request id.
        request: String,
    },
    /// The application keeps the response, and reads nothing more of it.
    ResponseKept {
        /// Request id.
        request: String,
    },
    /// The application goes on to read a response that it kept.
    ResponseReadOn {
        /// Request id.
        request: String,
    },
    /// The application knows the outcome.
    RequestFinished {
        /// Request id.
        request: String,
        /// The outcome.
        outcome: Outcome,
    },
    /// The application began to close the client, or dropped it. Without a step for it, the lab closes at the end.
    ClientClosing,
    /// `close` returned.
    ClientClosed,
    /// The client closed its socket, or shut down the sending side: `close(2)`, `shutdown(2)`. FIN leaves behind what still
    /// waits in the send buffer; a dial is given up without one.
    SocketClosed {
        /// Connection number.
        connection: u32,
        /// What waits in the send buffer and has never left, bytes.
        unsent: u32,
    },
    /// Something happened to a segment on the wire.
    Segment {
        /// Connection number, from 1, in the order of their SYNs.
        connection: u32,
        /// Which way it goes.
        direction: Direction,
        /// What happened to it.
        fate: Fate,
        /// The segment.
        segment: Segment,
    },
    /// The origin has the whole request and carries it out.
    Executed {
        /// Request id.
        request: String,
        /// Connection number.
        connection: u32,
    },
    /// The origin has written (all it means to write of) an answer to a request.
    Replied {
        /// Request id.
        request: String,
        /// Connection number.
        connection: u32,
        /// Status code.
        status: u16,
        /// The whole body content that belongs to the answer, also where the message was cut short.
        body: Bytes,
        /// Whether the message was written whole.
        complete: bool,
    },
}

/// What became of a request, as the application sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// A response.
    Response {
        /// Status code.
        status: u16,
        /// The body as far as it was read.
        body: Bytes,
        /// How reading the body ended.
        end: BodyEnd,
    },
    /// The client reported an error before a response was there.
    Error {
        /// What kind of error.
        kind: ErrorKind,
        /// The client's words, innermost cause last, without addresses.
        message: String,
    },
    /// The application's own deadline passed; the future was dropped.
    Deadline,
    /// A `cancel` step; the future was dropped.
    Cancelled,
}

/// How reading a response body ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "kebab-case")]
pub enum BodyEnd {
    /// The client said: this was all of it.
    Complete,
    /// The client reported an error in the body.
    Failed {
        /// What kind of error.
        kind: ErrorKind,
        /// The client's words.
        message: String,
    },
    /// The application stopped reading and dropped the response.
    Dropped,
}

/// Kinds of errors that clients report, as far as they tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// No connection could be established.
    Connect,
    /// The connection ended before the response was complete.
    Closed,
    /// The connection was reset.
    Reset,
    /// One of the client's own timeouts.
    Timeout,
    /// The request was not sent: the client gave it up itself.
    Canceled,
    /// What arrived is not HTTP.
    Protocol,
    /// Anything else.
    Other,
}

/// What happened to a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// A host's TCP put it on the wire. It is the first time, or a retransmission: see [`Segment::retransmission`].
    Sent,
    /// A middlebox put it on the wire; the host it claims to come from did not.
    Forged,
    /// The receiving host's TCP has it.
    Delivered,
    /// The network lost it.
    Dropped,
}

/// One TCP segment. Sequence numbers are relative: 0 is the SYN, 1 the first byte of data.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Segment {
    /// SYN flag.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub syn: bool,
    /// ACK flag.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ack: bool,
    /// FIN flag.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fin: bool,
    /// RST flag.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rst: bool,
    /// Sequence number, relative to the sender's SYN.
    pub seq: u32,
    /// Acknowledged sequence number, relative to the other side's SYN; 0 without ACK flag.
    pub ack_seq: u32,
    /// Advertised window, bytes.
    pub window: u32,
    /// Whether the same bytes (or SYN, FIN) were sent before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retransmission: bool,
    /// The bytes.
    #[serde(default, skip_serializing_if = "Bytes::is_empty")]
    pub payload: Bytes,
}

/// One record of TLS, decrypted (RFC 8446 section 5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsRecord {
    /// Connection number.
    pub connection: u32,
    /// Which way it goes.
    pub direction: Direction,
    /// Where its header starts in the bytes of this direction.
    pub offset: usize,
    /// How many bytes it takes there, with its header.
    pub len: usize,
    /// What is in it.
    pub content: TlsContent,
}

/// What is in a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "content", rename_all = "kebab-case")]
pub enum TlsContent {
    /// Messages of the handshake.
    Handshake {
        /// Their names.
        messages: Vec<String>,
        /// The protocol that the origin chose by ALPN, in the record that says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alpn: Option<String>,
    },
    /// For the sake of middleboxes; it means nothing.
    ChangeCipherSpec,
    /// What HTTP has written.
    ApplicationData {
        /// The bytes.
        plaintext: Bytes,
    },
    /// An alert.
    Alert {
        /// Its name in RFC 8446 section 6.
        description: String,
    },
    /// The record was never sent whole, so that nobody could take it for genuine.
    Incomplete {
        /// What HTTP has written, as far as it was sent; empty if that is not what it was to carry.
        #[serde(default, skip_serializing_if = "Bytes::is_empty")]
        plaintext: Bytes,
    },
    /// No key opens it, or it is not TLS.
    Unreadable,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "kebab-case")]
pub enum End {
    /// The script ran to its end and the client was closed.
    Completed,
    /// A socket was polled without end within one instant of virtual time.
    Livelock,
    /// Virtual time ran past its limit without the script coming to its end.
    Stall,
    /// The wall-clock limit passed: the client spins without touching a socket, or does more and more without an end.
    /// [`Trace::effort`] says how much it did.
    Hang,
    /// The client, or a task of it, panicked.
    Panic {
        /// The panic message.
        message: String,
    },
}

/// A TCP socket that was left on the client's host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SocketAtEnd {
    /// Connection number; `None` for a socket that never sent a SYN.
    pub connection: Option<u32>,
    /// State as `netstat` prints it, e.g. `CLOSE_WAIT`.
    pub state: String,
}
