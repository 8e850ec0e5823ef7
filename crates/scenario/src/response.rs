//! What the origin answers.

use std::time::Duration;

use super::ErrorCode;

/// How the origin answers one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Request id.
    pub id: String,
    /// How many arrivals of the request (first attempt, retries) are answered so; later ones get the default answer.
    pub times: u32,
    /// Status code. After an interim one (1xx, but not 101) the next reply follows on the same arrival.
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

    /// Whether it is interim, so that the final response is still to come (RFC 9110 section 15.2). After 101 there is none.
    pub fn is_interim(&self) -> bool {
        matches!(self.status, 100..=199) && self.status != 101
    }

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
