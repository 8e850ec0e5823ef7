//! How client, origin and network are set up. Times are virtual and whole milliseconds.

use std::time::Duration;

use super::{Pings, Protocol};

/// The `[client]` table. `None` leaves the client's own default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientSettings {
    /// Close a connection that has been idle for this long.
    pub idle_timeout: Option<Duration>,
    /// At most this many idle connections to the origin.
    pub max_idle: Option<u32>,
    /// At most this many connections to the origin at any time.
    pub max_connections: Option<u32>,
    /// Give up on establishing a connection after this long.
    pub connect_timeout: Option<Duration>,
    /// Give up on a response when nothing was read for this long.
    pub read_timeout: Option<Duration>,
    /// HTTP/2: send a PING when nothing was read for this long.
    pub ping_interval: Option<Duration>,
    /// HTTP/2: take the connection for dead when a PING was not answered for this long.
    pub ping_timeout: Option<Duration>,
    /// HTTP/2: send PINGs also while no stream is open.
    pub ping_while_idle: bool,
    /// HTTP/2: how much of one response the client takes before it is read, bytes.
    pub stream_window: Option<u32>,
    /// HTTP/2: how much of all responses together the client takes before they are read, bytes.
    pub connection_window: Option<u32>,
}

/// The `[origin]` table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OriginSettings {
    /// The origin closes a connection on which no request arrived for this long.
    pub idle_timeout: Option<Duration>,
    /// HTTP/2: SETTINGS_MAX_CONCURRENT_STREAMS; `None` is no limit.
    pub max_streams: Option<u32>,
    /// HTTP/2: SETTINGS_INITIAL_WINDOW_SIZE, bytes; `None` is the protocol's 65,535.
    pub initial_window: Option<u32>,
    /// HTTP/2: what the origin does about PINGs.
    pub pings: Pings,
    /// TLS: which certificate it shows.
    pub certificate: Certificate,
    /// TLS: the protocols it lets clients choose from; `None` is what the scenario's protocol needs.
    pub alpn: Option<Alpn>,
    /// TLS: whether it answers the ClientHello.
    pub handshake: Handshake,
}

/// What certificate the origin shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Certificate {
    /// One that a client has no reason to refuse.
    #[default]
    Valid,
    /// Its last day has passed.
    Expired,
    /// It names another host.
    WrongHost,
    /// Nobody whom the client trusts has signed it.
    UnknownAuthority,
}

impl Certificate {
    /// Each and its word in scenario files.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Valid, "sound"),
        (Self::Expired, "expired"),
        (Self::WrongHost, "wrong-host"),
        (Self::UnknownAuthority, "unknown-authority"),
    ];

    /// The word of scenario files.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(certificate, _)| *certificate == self).map_or("", |(_, word)| word)
    }
}

/// The protocols that the origin lets clients choose from in the handshake (ALPN, RFC 7301), its favourite first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alpn {
    /// HTTP/2 only.
    H2,
    /// HTTP/1.1 only.
    Http11,
    /// HTTP/2, or else HTTP/1.1.
    Both,
    /// It knows no ALPN.
    None,
}

impl Alpn {
    /// Each and its word in scenario files.
    pub const ALL: [(Self, &'static str); 4] =
        [(Self::H2, "h2"), (Self::Http11, "http/1.1"), (Self::Both, "both"), (Self::None, "none")];

    /// The word of scenario files.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(alpn, _)| *alpn == self).map_or("", |(_, word)| word)
    }

    /// What a protocol needs.
    pub fn of(protocol: Protocol) -> Self {
        if protocol.is_http2() { Self::Both } else { Self::Http11 }
    }

    /// As in the handshake.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::H2 => &["h2"],
            Self::Http11 => &["http/1.1"],
            Self::Both => &["h2", "http/1.1"],
            Self::None => &[],
        }
    }
}

/// Whether the origin takes part in the handshake.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Handshake {
    /// It does.
    #[default]
    Answer,
    /// It accepts the connection and says nothing.
    Stall,
}

/// The `[network]` table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkSettings {
    /// One-way latency from client to origin.
    pub latency_to_origin: Duration,
    /// One-way latency from origin to client.
    pub latency_to_client: Duration,
    /// Send buffer of every socket, bytes.
    pub send_buffer: u32,
    /// Receive buffer of every socket, bytes; also the largest window it advertises.
    pub receive_buffer: u32,
}

impl Default for NetworkSettings {
    fn default() -> Self {
        Self {
            latency_to_origin: Duration::from_millis(10),
            latency_to_client: Duration::from_millis(10),
            send_buffer: 64 * 1024,
            receive_buffer: 64 * 1024,
        }
    }
}
