//! What a segment can carry.

/// What a stretch of a connection's bytes, or a flag, is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Label {
    /// The SYN, or the SYN of the answer.
    Syn,
    /// (Part of) a request, by its id.
    Request(String),
    /// (Part of) the answer to a request, by its id.
    Answer(String),
    /// Bytes that the script made the origin send.
    Unasked,
    /// Bytes of no known origin.
    Bytes,
    /// Messages of the TLS handshake, by their names in RFC 8446.
    Handshake(Vec<String>),
    /// A TLS alert, by its name in RFC 8446 section 6.
    Alert(String),
    /// A part of a TLS record, with which nobody can begin anything.
    Fragment,
    /// A frame of HTTP/2 that is no part of a request or an answer, by its name in RFC 9113 section 6.
    Frame(&'static str),
    /// A PING with the ACK flag (RFC 9113 section 6.7).
    Pong,
    /// The RST_STREAM of a request's stream.
    Reset(String),
    /// A FIN.
    Fin,
    /// A RST.
    Rst,
}

/// One thing that a segment carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// What it is.
    pub label: Label,
    /// HTTP/1: the request begins to leave with this segment, or the last of the answer arrives, for the first time.
    pub is_news: bool,
}

/// What one segment carries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// In order; more than one thing only under TLS, and of frames of HTTP/2 the one that matters most.
    pub carried: Vec<Carried>,
    /// Beside frames of HTTP/2: what TLS itself says.
    pub tls: Vec<Label>,
}
