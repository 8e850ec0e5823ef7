//! What a scenario says, as plain data. Times are virtual and whole milliseconds.

use std::collections::BTreeMap;

use super::settings::{ClientSettings, NetworkSettings, OriginSettings};
use super::step::Step;

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
