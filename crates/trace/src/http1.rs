//! Reads HTTP/1.1 messages out of bytes, just far enough to know where they end (RFC 9112 sections 6 and 7).

use httparse::{EMPTY_HEADER, Header, Status};

/// How the end of a body is found (RFC 9112 section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyFraming {
    /// There is no body.
    None,
    /// `Content-Length`, bytes.
    Length(u64),
    /// `Transfer-Encoding: chunked`.
    Chunked,
    /// The end of the connection.
    Close,
    /// END_STREAM of HTTP/2 (RFC 9113 section 8.1).
    Stream,
}

/// What came of reading a head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Parsed<T> {
    Whole(T),
    /// More bytes are needed.
    Partial,
    Malformed,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestHead {
    pub method: String,
    pub id: Option<String>,
    pub ends_persistence: bool,
    pub framing: BodyFraming,
    /// Bytes up to and with the empty line.
    pub len: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ResponseHead {
    pub status: u16,
    pub ends_persistence: bool,
    pub framing: BodyFraming,
    /// `Keep-Alive: timeout=N`, seconds.
    pub keep_alive: Option<u64>,
    /// `Keep-Alive: max=N`: how many more requests the connection is to carry.
    pub requests_left: Option<u64>,
    pub length_given_twice: bool,
    pub is_http_10: bool,
    pub asks_again: bool,
    /// Bytes up to and with the empty line.
    pub len: usize,
}

/// As much of a body as is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Body {
    /// Content, without chunk headers and trailers.
    pub content: Vec<u8>,
    /// Bytes that the whole body takes on the wire; `None` if its end is not there.
    pub len: Option<usize>,
}

const MAX_HEADERS: usize = 64;

pub(super) fn parse_request(bytes: &[u8]) -> Parsed<RequestHead> {
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Request::new(&mut headers);
    let len = match head.parse(bytes) {
        Ok(Status::Complete(len)) => len,
        Ok(Status::Partial) => return Parsed::Partial,
        Err(_) => return Parsed::Malformed,
    };
    let fields = Fields(head.headers);
    let framing = match fields.framing() {
        Some(BodyFraming::Close) => BodyFraming::None,
        Some(framing) => framing,
        None => return Parsed::Malformed,
    };
    Parsed::Whole(RequestHead {
        method: head.method.unwrap_or_default().to_owned(),
        id: fields.values("x-request-id").next().map(str::to_owned),
        ends_persistence: fields.end_persistence(head.version),
        framing,
        len,
    })
}

/// Reads the head of the response to a request with this method.
pub(super) fn parse_response(bytes: &[u8], method: &str) -> Parsed<ResponseHead> {
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Response::new(&mut headers);
    let len = match head.parse(bytes) {
        Ok(Status::Complete(len)) => len,
        Ok(Status::Partial) => return Parsed::Partial,
        Err(_) => return Parsed::Malformed,
    };
    let status = head.code.unwrap_or_default();
    let fields = Fields(head.headers);
    let framing = if is_bodiless(method, status) { Some(BodyFraming::None) } else { fields.framing() };
    let Some(framing) = framing else { return Parsed::Malformed };
    Parsed::Whole(ResponseHead {
        status,
        ends_persistence: framing == BodyFraming::Close
            || fields.end_persistence(head.version)
            || is_end_of_http(method, status),
        framing,
        keep_alive: fields.keep_alive("timeout"),
        requests_left: fields.keep_alive("max"),
        length_given_twice: fields.elements("transfer-encoding").next().is_some()
            && fields.elements("content-length").next().is_some(),
        is_http_10: head.version == Some(0),
        asks_again: asks_again(status, |name| fields.has(name)),
        len,
    })
}

/// Whether a response has no body whatever its header fields say (RFC 9112 section 6.3).
pub fn is_bodiless(method: &str, status: u16) -> bool {
    method == "HEAD" || matches!(status, 100..=199 | 204 | 304) || is_end_of_http(method, status)
}

/// Whether what follows the response is another protocol: 101 (RFC 9110 section 7.8), or a 2xx to CONNECT (section 9.3.6).
fn is_end_of_http(method: &str, status: u16) -> bool {
    status == 101 || method == "CONNECT" && matches!(status, 200..=299)
}

/// Whether a response with such header fields asks for another request in place of its own.
pub(super) fn asks_again(status: u16, has: impl Fn(&'static str) -> bool) -> bool {
    match status {
        301 | 302 | 303 | 307 | 308 => has("location"),
        429 | 503 => has("retry-after"),
        401 | 407 | 421 | 425 => true,
        _ => false,
    }
}

struct Fields<'a>(&'a [Header<'a>]);

impl<'a> Fields<'a> {
    fn values(&self, name: &'static str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
        named.filter_map(|field| std::str::from_utf8(field.value).ok())
    }

    /// The elements of a list over all its field lines (RFC 9110 section 5.3).
    fn elements(&self, name: &'static str) -> impl Iterator<Item = &'a str> {
        self.values(name)
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|element| !element.is_empty())
    }

    fn lists(&self, name: &'static str, word: &str) -> bool {
        self.elements(name).any(|element| element.eq_ignore_ascii_case(word))
    }

    /// RFC 9112 section 9.3.
    fn end_persistence(&self, version: Option<u8>) -> bool {
        let close = self.lists("connection", "close");
        close || (version == Some(0) && !self.lists("connection", "keep-alive"))
    }

    /// `None` if the length is told in contradictory ways, or not as a number.
    fn framing(&self) -> Option<BodyFraming> {
        if let Some(last) = self.elements("transfer-encoding").last() {
            let chunked = last.eq_ignore_ascii_case("chunked");
            return Some(if chunked { BodyFraming::Chunked } else { BodyFraming::Close });
        }
        let mut lengths = self.elements("content-length").map(|length| length.parse::<u64>().ok());
        let Some(first) = lengths.next() else { return Some(BodyFraming::Close) };
        if lengths.any(|length| length != first) { None } else { first.map(BodyFraming::Length) }
    }

    fn has(&self, name: &'static str) -> bool {
        self.values(name).next().is_some()
    }

    /// A parameter of `Keep-Alive`: `timeout`, seconds, or `max`, requests to come.
    fn keep_alive(&self, wanted: &str) -> Option<u64> {
        let mut parameters = self.elements("keep-alive").filter_map(|element| element.split_once('='));
        parameters.find_map(|(name, value)| {
            let is_wanted = name.trim().eq_ignore_ascii_case(wanted);
            is_wanted.then(|| value.trim().trim_matches('"').parse().ok())?
        })
    }
}

/// Reads a body from its first byte on.
pub(super) fn scan_body(framing: BodyFraming, bytes: &[u8]) -> Body {
    match framing {
        BodyFraming::None => Body { content: Vec::new(), len: Some(0) },
        BodyFraming::Close | BodyFraming::Stream => Body { content: bytes.to_vec(), len: None },
        BodyFraming::Length(length) => {
            let whole = usize::try_from(length).ok().filter(|length| *length <= bytes.len());
            Body { content: bytes[..whole.unwrap_or(bytes.len())].to_vec(), len: whole }
        }
        BodyFraming::Chunked => scan_chunks(bytes),
    }
}

fn scan_chunks(bytes: &[u8]) -> Body {
    let mut body = Body::default();
    let mut pos = 0;
    while let Ok(Status::Complete((header, size))) = httparse::parse_chunk_size(&bytes[pos..]) {
        pos += header;
        if size == 0 {
            body.len = trailers(&bytes[pos..]).map(|trailers| pos + trailers);
            break;
        }
        let rest = &bytes[pos..];
        let here = usize::try_from(size).unwrap_or(usize::MAX).min(rest.len());
        body.content.extend_from_slice(&rest[..here]);
        if !rest[here..].starts_with(b"\r\n") {
            break;
        }
        pos += here + 2;
    }
    body
}

/// Length of the trailer section with its empty line.
fn trailers(bytes: &[u8]) -> Option<usize> {
    match httparse::parse_headers(bytes, &mut [EMPTY_HEADER; MAX_HEADERS]) {
        Ok(Status::Complete((len, _))) => Some(len),
        _ => None,
    }
}
