//! The steps of a script, and when each is carried out.

use std::time::Duration;

use super::faults::{Direction, NetworkAction, OriginAction};

/// One entry of `script`.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What is done.
    pub action: Action,
    /// When it is done. Only steps of the origin and the network can be other than [`When::Now`].
    pub when: When,
    /// It may have no effect: what the scenario is about is tried all the same.
    pub may_miss: bool,
    /// Line of the scenario file, from 1.
    pub line: usize,
}

/// When a step takes effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// In its turn in the script.
    Now,
    /// This long after its turn in the script, which goes on meanwhile.
    After(Duration),
    /// At the instant at which the `n`-th segment (from 1, the SYN counts) of `connection`
    /// leaves in this direction, before that segment's own fate is decided.
    Packet {
        /// Which segment, from 1.
        n: u32,
        /// Connection number, from 1, in the order of their SYNs.
        connection: u32,
        /// Which way the segment goes.
        direction: Direction,
    },
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// `{ client = … }`
    Client(ClientAction),
    /// `{ origin = … }`
    Origin(OriginAction),
    /// `{ network = … }`
    Network(NetworkAction),
    /// `{ wait = "10s" }`: let virtual time pass.
    Wait(Duration),
    /// `{ until = … }`: let virtual time pass until something has happened.
    Until(Until),
}

/// What the application above the client does.
#[derive(Debug, Clone, PartialEq)]
pub enum ClientAction {
    /// Send a request; wait for its outcome unless `background`.
    Send(SendRequest),
    /// Drop the future of an unfinished request.
    Cancel {
        /// Request id.
        id: String,
    },
    /// Read on in a response that was kept, and wait for the outcome.
    Read {
        /// Request id.
        id: String,
    },
    /// Wait for the outcome of a request sent in the background.
    Await {
        /// Request id.
        id: String,
    },
    /// Close the client in the orderly way it offers.
    Close,
    /// Drop the client without ceremony.
    Drop,
}

/// A request of the application.
#[derive(Debug, Clone, PartialEq)]
pub struct SendRequest {
    /// Unique id; sent as `x-request-id`, so that packets tell whose they are.
    pub id: String,
    /// Method, e.g. `GET`.
    pub method: String,
    /// Path, e.g. `/a`.
    pub path: String,
    /// Further header lines, `Name: value`.
    pub headers: Vec<(String, String)>,
    /// Length of the request body in bytes; 0 is no body.
    pub body: u32,
    /// How the application hands the body over.
    pub source: BodySource,
    /// Do not wait for the outcome.
    pub background: bool,
    /// The application gives up after this long (virtual time). Every request has one.
    pub deadline: Duration,
    /// How much of the response body the application reads.
    pub read: ReadBody,
}

/// How the application hands the body of a request to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodySource {
    /// Bytes at a time; `None` is all of them at once.
    pub piece: Option<u32>,
    /// Between two pieces.
    pub pause: Duration,
    /// The length is known beforehand. Otherwise HTTP/1.1 sends chunks (RFC 9112 section 7.1), and HTTP/2 no `content-length`.
    pub content_length: bool,
    /// How it ends.
    pub end: SourceEnd,
}

/// How the body of a request ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceEnd {
    /// After all of it.
    Complete,
    /// With an error, after so many bytes.
    Fails(u32),
    /// Not at all: after so many bytes there is nothing more, and no end.
    Stalls(u32),
}

impl BodySource {
    /// All of it at once, with its length.
    pub const WHOLE: Self =
        Self { piece: None, pause: Duration::ZERO, content_length: true, end: SourceEnd::Complete };
}

/// The deadline of a request that names none.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(30);

/// How much of a response body the application reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadBody {
    /// All of it.
    All,
    /// The first bytes; then the response is dropped.
    First(u32),
    /// The first bytes; then the response is kept unread: until [`ClientAction::Read`], or a cancel.
    Keep(u32),
}

/// What `{ until = … }` waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Until {
    /// Nothing is in flight, and the client's host has it in its sockets, but the client's
    /// event loop has not turned: what is sent now is sent in the same turn.
    Arrived,
    /// Nothing is in flight, and the client's event loop has turned and come to rest.
    Delivered,
    /// The origin has received the whole request.
    Received {
        /// Request id.
        id: String,
    },
}
