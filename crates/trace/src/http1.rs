//! Reads HTTP/1.1 messages out of bytes, just far enough to know where they end (RFC 9112 sections 6 and 7).

use httparse::{EMPTY_HEADER, Error, Header, ParserConfig, Status};

use crate::chunks::scan_chunks;

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
    /// What is wrong.
    Malformed(&'static str),
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
    /// Where there is no end because it is malformed, and how many bytes tell.
    pub malformed: Option<(&'static str, usize)>,
}

/// Room for header fields: at first, and at most.
const FEW_HEADERS: usize = 64;
const MOST_HEADERS: usize = 1 << 16;

pub(super) fn parse_request(bytes: &[u8]) -> Parsed<RequestHead> {
    let mut room = FEW_HEADERS;
    loop {
        let mut headers = vec![EMPTY_HEADER; room];
        let mut head = httparse::Request::new(&mut headers);
        match head.parse(bytes) {
            Err(Error::TooManyHeaders) if room < MOST_HEADERS => room *= 8,
            Ok(Status::Complete(len)) => return request_head(&head, len),
            Ok(Status::Partial) => return Parsed::Partial,
            Err(_) => return Parsed::Malformed("a head that is no HTTP/1.1"),
        }
    }
}

fn request_head(head: &httparse::Request, len: usize) -> Parsed<RequestHead> {
    let fields = Fields(head.headers);
    let framing = match fields.framing() {
        Ok(BodyFraming::Close) => BodyFraming::None,
        Ok(framing) => framing,
        Err(what) => return Parsed::Malformed(what),
    };
    Parsed::Whole(RequestHead {
        method: head.method.unwrap_or_default().to_owned(),
        id: fields.values("x-request-id").next().map(str::to_owned),
        ends_persistence: fields.end_persistence(head.version),
        framing,
        len,
    })
}

/// Reads the head of the response to a request with this method. What a user agent may overlook, or has to (RFC 9112 sections 2.2, 4, 5.1 and
/// 5.2), is no fault: spaces, folded lines, lines that are no field, a bare CR in place of a space.
pub(super) fn parse_response(bytes: &[u8], method: &str) -> Parsed<ResponseHead> {
    match parse_response_in(bytes, method) {
        Parsed::Malformed(_) if has_bare_cr(bytes) => parse_response_in(&without_bare_crs(bytes), method),
        parsed => parsed,
    }
}

fn has_bare_cr(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| pair[0] == b'\r' && pair[1] != b'\n')
}

fn without_bare_crs(bytes: &[u8]) -> Vec<u8> {
    let next = bytes[1..].iter().chain([&b'\n']);
    let pairs = bytes.iter().zip(next);
    pairs.map(|(byte, next)| if *byte == b'\r' && *next != b'\n' { b' ' } else { *byte }).collect()
}

fn parse_response_in(bytes: &[u8], method: &str) -> Parsed<ResponseHead> {
    let mut config = ParserConfig::default();
    config
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_multiple_spaces_in_response_status_delimiters(true)
        .ignore_invalid_headers_in_responses(true);
    let mut room = FEW_HEADERS;
    loop {
        let mut headers = vec![EMPTY_HEADER; room];
        let mut head = httparse::Response::new(&mut headers);
        match config.parse_response(&mut head, bytes) {
            Err(Error::TooManyHeaders) if room < MOST_HEADERS => room *= 8,
            Ok(Status::Complete(len)) => return response_head(&head, method, len),
            Ok(Status::Partial) => return Parsed::Partial,
            Err(_) => return Parsed::Malformed("a head that is no HTTP/1.1"),
        }
    }
}

fn response_head(head: &httparse::Response, method: &str, len: usize) -> Parsed<ResponseHead> {
    let status = head.code.unwrap_or_default();
    let fields = Fields(head.headers);
    let framing = if is_bodiless(method, status) { Ok(BodyFraming::None) } else { fields.framing() };
    let framing = match framing {
        Ok(framing) => framing,
        Err(what) => return Parsed::Malformed(what),
    };
    let is_http_10 = head.version == Some(0);
    let is_coded = fields.elements("transfer-encoding").next().is_some();
    Parsed::Whole(ResponseHead {
        status,
        ends_persistence: framing == BodyFraming::Close
            || fields.end_persistence(head.version)
            // HTTP/1.0 has no transfer codings: its framing is not to be trusted (RFC 9112 section 6.1).
            || is_http_10 && is_coded
            || is_end_of_http(method, status),
        framing,
        keep_alive: fields.keep_alive("timeout"),
        requests_left: fields.keep_alive("max"),
        length_given_twice: is_coded && fields.elements("content-length").next().is_some(),
        is_http_10,
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

    /// What is wrong, if the length is told in contradictory ways, or not as a number (RFC 9112 section 6.3): `+5` is none.
    fn framing(&self) -> Result<BodyFraming, &'static str> {
        if let Some(last) = self.elements("transfer-encoding").last() {
            let chunked = last.eq_ignore_ascii_case("chunked");
            return Ok(if chunked { BodyFraming::Chunked } else { BodyFraming::Close });
        }
        let lines = self.0.iter().filter(|field| field.name.eq_ignore_ascii_case("content-length"));
        let length = content_length(lines.map(|field| field.value))?;
        Ok(length.map_or(BodyFraming::Close, BodyFraming::Length))
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
        BodyFraming::None => Body { len: Some(0), ..Body::default() },
        BodyFraming::Close | BodyFraming::Stream => Body { content: bytes.to_vec(), ..Body::default() },
        BodyFraming::Length(length) => {
            let whole = usize::try_from(length).ok().filter(|length| *length <= bytes.len());
            Body { content: bytes[..whole.unwrap_or(bytes.len())].to_vec(), len: whole, malformed: None }
        }
        BodyFraming::Chunked => scan_chunks(bytes),
    }
}

/// The length that the values of Content-Length tell, or what is wrong with them: values that differ, or one that is no number, as `+5`.
/// Several that are the same are one (RFC 9112 section 6.3).
pub(super) fn content_length<'a>(
    values: impl Iterator<Item = &'a [u8]>,
) -> Result<Option<u64>, &'static str> {
    let mut lengths = values.flat_map(|value| value.split(|byte| *byte == b',')).map(length);
    let Some(first) = lengths.next() else { return Ok(None) };
    let first = first.ok_or("a Content-Length that is no number")?;
    match lengths.find(|length| *length != Some(first)) {
        Some(None) => Err("a Content-Length that is no number"),
        Some(Some(_)) => Err("two values of Content-Length that differ"),
        None => Ok(Some(first)),
    }
}

/// `1*DIGIT`, with white space around it.
fn length(text: &[u8]) -> Option<u64> {
    let digits = text.trim_ascii();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}
