//! What the origin and the network do.

use std::time::Duration;

use super::response::Reply;
use super::settings::{Alpn, Certificate, Handshake};
use super::{ErrorCode, LastStream, Pings};

/// The way a segment goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// From the client to the origin.
    ToOrigin,
    /// From the origin to the client.
    ToClient,
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
