//! What a scenario says, as plain data. Times are virtual and whole milliseconds.

use std::collections::BTreeMap;
use std::time::Duration;

use super::settings::{Alpn, Certificate, ClientSettings, Handshake, NetworkSettings, OriginSettings};
use super::{ErrorCode, LastStream, Pings};

/// One scenario: who does what when, and what a client that behaves would make of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// `family/name`: the path of the file below `scenarios/`, without `.toml`.
    pub id: String,
    /// One line: the situation.
    pub title: String,
    /// What breaks, in plain words, and what causes it in the real world.
    pub about: String,
    /// Issues and RFC sections that this scenario stands for. Never empty.
    pub sources: Vec<String>,
    /// What users find in a log: messages of any client, each one line. Empty if nothing is logged.
    pub signatures: Vec<String>,
    /// The protocol between client and origin.
    pub protocol: Protocol,
    /// How the client under test is configured.
    pub client: ClientSettings,
    /// How the origin behaves without being told by the script.
    pub origin: OriginSettings,
    /// The wire between them.
    pub network: NetworkSettings,
    /// What happens, in order.
    pub script: Vec<Step>,
    /// What a client that behaves makes of each request, by request id.
    pub expect: BTreeMap<String, Expectation>,
}

/// The protocol between client and origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1 over TCP (RFC 9112).
    Http1,
    /// HTTP/2 over TCP with prior knowledge (RFC 9113 section 3.3).
    H2,
    /// HTTP/1.1 over TLS, agreed by ALPN or by its absence.
    Https1,
    /// HTTP/2 over TLS, agreed by ALPN (RFC 9113 section 3.2).
    Https2,
}

impl Protocol {
    /// Each protocol and its word in scenario files.
    pub const ALL: [(Self, &'static str); 4] =
        [(Self::Http1, "http1"), (Self::H2, "h2"), (Self::Https1, "https1"), (Self::Https2, "https2")];

    /// The word of scenario files.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(protocol, _)| *protocol == self).map_or("", |(_, word)| word)
    }

    /// Whether requests are streams of HTTP/2.
    pub fn is_http2(self) -> bool {
        matches!(self, Self::H2 | Self::Https2)
    }

    /// Whether the connection is encrypted.
    pub fn is_tls(self) -> bool {
        matches!(self, Self::Https1 | Self::Https2)
    }
}

/// One entry of `script`.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What is done.
    pub action: Action,
    /// When it is done. Only steps of the origin and the network can be other than [`When::Now`].
    pub when: When,
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

/// The way a segment goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// From the client to the origin.
    ToOrigin,
    /// From the origin to the client.
    ToClient,
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

/// What the origin does. Connections are numbered from 1, in the order of their SYNs.
#[derive(Debug, Clone, PartialEq)]
pub enum OriginAction {
    /// How to answer a request: at once if it is held, else when it has arrived.
    Reply(Reply),
    /// Do not answer a request until a later `reply`.
    Hold {
        /// Request id.
        id: String,
    },
    /// HTTP/2: announce that the connection takes no more streams (RFC 9113 section 6.8).
    Goaway {
        /// Connection number.
        connection: u32,
        /// The last stream that is, or will be, processed. Later ones are ignored.
        last_stream: LastStream,
        /// Why.
        error: ErrorCode,
    },
    /// HTTP/2: reset the stream of a request: at once if it is open, else when the head of the request arrives.
    /// A request that is reset as it arrives is not carried out.
    ResetStream {
        /// Request id.
        id: String,
        /// Why.
        error: ErrorCode,
        /// How many arrivals of the request are reset so.
        times: u32,
    },
    /// HTTP/2: change settings.
    Settings {
        /// Connection number.
        connection: u32,
        /// SETTINGS_MAX_CONCURRENT_STREAMS, if it changes.
        max_streams: Option<u32>,
        /// SETTINGS_INITIAL_WINDOW_SIZE, if it changes, bytes.
        initial_window: Option<u32>,
    },
    /// HTTP/2: send a PING.
    Ping {
        /// Connection number.
        connection: u32,
    },
    /// HTTP/2: from now on do this about PINGs.
    Pings {
        /// Connection number; `None` is every connection, also later ones.
        connection: Option<u32>,
        /// What is done.
        pings: Pings,
    },
    /// HTTP/2: grant more of a flow-control window.
    Window {
        /// Whose window.
        target: WindowTarget,
        /// How many bytes more.
        by: u32,
    },
    /// Write these bytes, whatever the state of the exchange.
    Send {
        /// Connection number.
        connection: u32,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// From now on read like this.
    Read {
        /// Connection number; `None` is every connection, also later ones.
        connection: Option<u32>,
        /// How much.
        pace: ReadPace,
    },
    /// Half-close: send FIN, go on reading. Under TLS it is a FIN without close_notify.
    Fin {
        /// Connection number.
        connection: u32,
    },
    /// Abort: send RST.
    Rst {
        /// Connection number.
        connection: u32,
    },
    /// Close: send FIN, answer later data with RST, as a socket that no process owns. Under TLS, send
    /// close_notify first.
    Close {
        /// Connection number.
        connection: u32,
    },
    /// TLS: say that nothing more will be sent (RFC 8446 section 6.1). No FIN.
    CloseNotify {
        /// Connection number.
        connection: u32,
    },
    /// TLS: send a fatal alert, and nothing after it. No FIN.
    Alert {
        /// Connection number.
        connection: u32,
        /// Its name in RFC 8446 section 6.
        description: String,
    },
    /// TLS: what the handshakes of new connections meet from now on.
    Tls {
        /// The certificate; `None` leaves it as it is.
        certificate: Option<Certificate>,
        /// The protocols; `None` leaves them as they are.
        alpn: Option<Alpn>,
        /// Whether there is an answer; `None` leaves it as it is.
        handshake: Option<Handshake>,
    },
    /// Answer new SYNs with RST.
    StopListening,
    /// Accept connections again.
    Listen,
    /// The host stops, silently: nothing leaves it and nothing is heard.
    Crash,
    /// The host is back and knows none of its old connections.
    Restart,
}

/// How much the origin takes out of its socket. What it leaves there fills the TCP window (RFC 9293 section 3.8.6).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReadPace {
    /// Everything, at once.
    #[default]
    Freely,
    /// At most so many bytes, then nothing for that long, and again.
    Slowly {
        /// Bytes.
        bytes: u32,
        /// Virtual time.
        every: Duration,
    },
    /// Nothing. The window closes when the socket is full.
    Stopped,
}

/// Whose flow-control window it is (RFC 9113 section 6.9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WindowTarget {
    /// That of the whole connection, by its number.
    Connection(u32),
    /// That of the stream of the request of this id.
    Stream(String),
}

/// How the origin answers one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Request id.
    pub id: String,
    /// How many arrivals of the request (first attempt, retries) are answered so; later ones get the default answer.
    pub times: u32,
    /// Status code.
    pub status: u16,
    /// Version in the status line.
    pub version: HttpVersion,
    /// Further header lines, `Name: value`.
    pub headers: Vec<(String, String)>,
    /// The body; `None` is the default body, which names request and connection.
    pub body: Option<String>,
    /// How the length of the body is given. HTTP/2 knows only `None` or not.
    pub framing: Framing,
    /// HTTP/2: header lines after the body.
    pub trailers: Vec<(String, String)>,
    /// Answer as soon as the head of the request is there, before its body.
    pub early: bool,
    /// Wait this long before answering.
    pub delay: Duration,
    /// Write the message only up to this place.
    pub cut: Option<Cut>,
    /// What the origin does to the connection after writing.
    pub then: AfterReply,
    /// Bytes that follow the message in the same write.
    pub surplus: Vec<u8>,
}

impl Reply {
    /// The answer a request gets when the script says nothing.
    pub fn default_for(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            times: 1,
            status: 200,
            version: HttpVersion::Http11,
            headers: Vec::new(),
            body: None,
            framing: Framing::Length,
            trailers: Vec::new(),
            early: false,
            delay: Duration::ZERO,
            cut: None,
            then: AfterReply::Keep,
            surplus: Vec::new(),
        }
    }
}

impl Reply {
    /// How many header lines it has: those of `headers`, and the one that tells the length of the body.
    pub fn header_lines(&self) -> usize {
        self.headers.len() + usize::from(matches!(self.framing, Framing::Length | Framing::Chunked))
    }
}

/// Version in a status line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpVersion {
    /// `HTTP/1.0`
    Http10,
    /// `HTTP/1.1`
    Http11,
}

/// How the length of a message body is given (RFC 9112 section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// `Content-Length`.
    Length,
    /// `Transfer-Encoding: chunked`, in two chunks.
    Chunked,
    /// By the end of the connection.
    Close,
    /// No header tells it: for statuses that have no body.
    None,
}

/// A place in an HTTP message, after which nothing more of it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// `byte N`: after this many bytes of the message.
    Byte(u32),
    /// `status-line`: after the status line.
    StatusLine,
    /// `header N`: in the middle of the N-th header line, from 1.
    Header(u32),
    /// `head`: after the empty line.
    Head,
    /// `body N`: after this many bytes of body content (chunked: the chunk header goes with its first byte).
    Body(u32),
    /// `last-chunk`: before the zero chunk.
    LastChunk,
    /// `record N`, TLS: after this many bytes of the record that carries the message.
    Record(u32),
}

/// What the origin does to the connection after a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterReply {
    /// Wait for the next request.
    Keep,
    /// Half-close: send FIN, go on reading. Under TLS it is a FIN without close_notify.
    Fin,
    /// Abort: send RST.
    Rst,
    /// Close: send FIN, answer later data with RST. Under TLS, send close_notify first.
    Close,
    /// TLS: send close_notify, and no FIN.
    CloseNotify,
    /// HTTP/2: send GOAWAY, with this stream as the last.
    Goaway(ErrorCode),
    /// HTTP/2: reset the stream.
    ResetStream(ErrorCode),
}

/// What happens on the wire. Concerns segments that leave a host from that instant on; those in flight still arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetworkAction {
    /// Lose segments silently, until `heal` or until `packets` were lost.
    Drop {
        /// Which segments.
        path: Path,
        /// Stop after this many; `None` is until `heal`.
        packets: Option<u32>,
    },
    /// End every drop and delay on the path. A forgotten NAT entry stays forgotten.
    Heal {
        /// Which segments.
        path: Path,
    },
    /// Add latency.
    Delay {
        /// Which segments.
        path: Path,
        /// How much more, one way.
        by: Duration,
        /// Stop after this many segments; `None` is until `heal`.
        packets: Option<u32>,
    },
    /// Deliver the next segments with payload, SYN or FIN twice.
    Duplicate {
        /// Which segments.
        path: Path,
        /// How much later the copy arrives.
        by: Duration,
        /// Stop after this many segments.
        packets: u32,
    },
    /// A middlebox forgets the connection: later segments of either side are answered with RST, or lost.
    Forget {
        /// Connection number.
        connection: u32,
        /// Whether the middlebox answers with RST or stays silent.
        answer: NatAnswer,
    },
    /// A middlebox sends RST.
    Rst {
        /// Connection number.
        connection: u32,
        /// To whom: `None` is both ends.
        direction: Option<Direction>,
    },
}

/// Which segments a network fault concerns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Path {
    /// Connection number; `None` is every connection, also later ones.
    pub connection: Option<u32>,
    /// Direction; `None` is both.
    pub direction: Option<Direction>,
}

/// How a middlebox treats segments of a connection that it has forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NatAnswer {
    /// RST to whoever sent the segment.
    Rst,
    /// Nothing.
    Silence,
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

/// What a client that behaves makes of one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expectation {
    /// Permitted outcomes: a status code, `error`, `cancelled`. Empty: any.
    pub outcome: Vec<String>,
    /// Whether the final attempt is on a connection that served a request before.
    pub connection: Option<ConnectionKind>,
}

/// Whether a connection served a request before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionKind {
    /// It is the connection's first request.
    Fresh,
    /// The connection carried a request before.
    Reused,
}
