//! Requests and responses of one connection, as its bytes tell them.

use super::http1::{self, Parsed};
use super::http2::ErrorCode;
use super::{BodyFraming, Flow, Millis, Moment, Track};

/// A request that was written on a connection, and what came back for it.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The request.
    pub request: WireRequest,
    /// The response, as far as it was delivered; paired by order, or by stream.
    pub response: Option<WireResponse>,
    /// The stream of HTTP/2; `None` for HTTP/1.1.
    pub stream: Option<Stream>,
}

/// What HTTP/2 knows of an exchange beyond request and response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Its number on the connection.
    pub id: u32,
    /// The client's RST_STREAM.
    pub reset_by_client: Option<Reset>,
    /// The origin's RST_STREAM.
    pub reset_by_origin: Option<Reset>,
    /// Responses of class 1xx, with the moment at which each was delivered.
    pub interim: Vec<(u16, Moment)>,
    /// When the trailer section was delivered.
    pub trailers: Option<Moment>,
}

/// An RST_STREAM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reset {
    /// Why.
    pub code: ErrorCode,
    /// When it was sent.
    pub sent: Option<Moment>,
    /// When it arrived.
    pub delivered: Option<Moment>,
}

/// A request on the wire.
#[derive(Debug, Clone)]
pub struct WireRequest {
    /// `x-request-id`; `None` if the head is not there as far as that.
    pub id: Option<String>,
    /// Method; empty if the head is incomplete.
    pub method: String,
    /// The first transmission of the first byte.
    pub first_sent: Moment,
    /// The first transmission of the last byte; `None` if it never left.
    pub last_sent: Option<Moment>,
    /// The arrival of the first byte at the origin.
    pub first_delivered: Option<Moment>,
    /// Bytes of content that left, without what frames them.
    pub content: usize,
    /// `Connection: close`, or HTTP/1.0 without keep-alive.
    pub ends_persistence: bool,
}

/// A response on the wire, up to where it was delivered.
#[derive(Debug, Clone)]
pub struct WireResponse {
    /// Status code; `None` if the head is incomplete or not HTTP.
    pub status: Option<u16>,
    /// How the end of the body is found.
    pub framing: BodyFraming,
    /// The body content that was delivered.
    pub body: Vec<u8>,
    /// The arrival of the first byte at the client.
    pub first_delivered: Moment,
    /// When the origin first sent the first byte.
    pub first_sent: Option<Moment>,
    /// The arrival of the end of the message; for a close-delimited one, of the FIN.
    pub complete: Option<Moment>,
    /// `Connection: close`, HTTP/1.0 without keep-alive, close-delimited, the last that `Keep-Alive: max` permits, or the end of HTTP: 101,
    /// or a 2xx to CONNECT.
    pub ends_persistence: bool,
    /// `Keep-Alive: timeout`, milliseconds.
    pub keep_alive: Option<Millis>,
    /// `Keep-Alive: max`: how many more requests the connection is to carry.
    pub requests_left: Option<u64>,
    /// Both Transfer-Encoding and Content-Length: it may be an attempt at smuggling, and a client may
    /// close after it (RFC 9112 section 6.1).
    pub length_given_twice: bool,
    /// Its version is HTTP/1.0.
    pub is_http_10: bool,
    /// HTTP/2: how long its content is to be, if its head says so.
    pub announced: Option<u64>,
    /// What makes it no HTTP, if anything does: it can never be whole.
    pub malformed: Option<Malformed>,
    /// It asks for another request in place of this one: a redirect with `Location` (RFC 9110 section 15.4), 401, 407, 421, 425, or 429 and
    /// 503 with `Retry-After`.
    pub asks_again: bool,
}

/// What is wrong with a response (RFC 9112 sections 4, 6.3 and 7.1; RFC 9113 section 8.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// What.
    pub what: &'static str,
    /// When the bytes that tell had reached the client.
    pub delivered: Moment,
}

/// Bytes that reached the client while no request was outstanding.
///
/// They stay unsolicited if the client later takes them for the response to its next request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsolicited {
    /// How many bytes.
    pub len: usize,
    /// Whether they are CR and LF only, which a client may discard (RFC 9112 section 9.2).
    pub only_crlf: bool,
    /// When the first of them that counts was sent.
    pub sent: Option<Moment>,
    /// When the first of them that counts arrived.
    pub delivered: Moment,
}

impl Exchange {
    /// When the response was delivered whole.
    pub fn answered(&self) -> Option<Moment> {
        self.response.as_ref()?.complete
    }

    /// When the request was written whole and the response delivered whole.
    pub fn complete(&self) -> Option<Moment> {
        self.answered().zip(self.request.last_sent).map(|(response, request)| request.max(response))
    }

    /// When nothing more was to come, as the client knows: the end of request and response, or RST_STREAM either way.
    pub fn ended(&self) -> Option<Moment> {
        let stream = self.stream.iter();
        let resets = stream.flat_map(|stream| {
            [stream.reset_by_client.and_then(|reset| reset.sent), stream.reset_delivered()]
        });
        self.complete().into_iter().chain(resets.flatten()).min()
    }

    /// Whether either side said that the connection ends with this exchange.
    pub fn ends_persistence(&self) -> bool {
        self.request.ends_persistence
            || self.response.as_ref().is_some_and(|response| response.ends_persistence)
    }

    /// Whether the origin sent the response before any byte of the request had reached it: it answers nothing.
    pub fn is_premature(&self) -> bool {
        let sent = self.response.as_ref().and_then(|response| response.first_sent);
        sent.is_some_and(|sent| self.request.first_delivered.is_none_or(|request| sent < request))
    }
}

impl Stream {
    /// A stream of which nothing is known yet but its number.
    pub(super) fn new(id: u32) -> Self {
        Self { id, reset_by_client: None, reset_by_origin: None, interim: Vec::new(), trailers: None }
    }

    /// When the origin's RST_STREAM was delivered.
    pub fn reset_delivered(&self) -> Option<Moment> {
        self.reset_by_origin.and_then(|reset| reset.delivered)
    }
}

/// Reads both directions of a connection that speaks HTTP/1.
pub(super) fn read(to_origin: &Flow, to_client: &Flow) -> (Vec<Exchange>, Vec<Unsolicited>) {
    let mut reader = ResponseReader { flow: to_client, pos: 0, lost: false, unsolicited: Vec::new() };
    let requests = read_requests(to_origin);
    let mut exchanges: Vec<Exchange> = requests
        .into_iter()
        .map(|request| Exchange { response: reader.response_to(&request), request, stream: None })
        .collect();
    end_at_the_maximum(&mut exchanges);
    reader.skip_unsolicited(to_client.delivered.len());
    (exchanges, reader.unsolicited)
}

/// The last response that `Keep-Alive: max` permits ends the persistence of the connection.
fn end_at_the_maximum(exchanges: &mut [Exchange]) {
    let mut left: Option<u64> = None;
    for response in exchanges.iter_mut().filter_map(|exchange| exchange.response.as_mut()) {
        left = response.requests_left.or(left.map(|left| left.saturating_sub(1)));
        response.ends_persistence |= left == Some(0);
    }
}

fn read_requests(flow: &Flow) -> Vec<WireRequest> {
    let mut requests = Vec::new();
    let mut pos = 0;
    while let Some(first_sent) = flow.sent.moment_of(pos) {
        let (request, end) = read_request(flow, pos, first_sent);
        requests.push(request);
        match end {
            Some(end) => pos = end,
            None => break,
        }
    }
    requests
}

fn read_request(flow: &Flow, pos: usize, first_sent: Moment) -> (WireRequest, Option<usize>) {
    let bytes = &flow.sent.bytes()[pos..];
    let mut request = WireRequest {
        id: None,
        method: String::new(),
        first_sent,
        last_sent: None,
        first_delivered: flow.delivered.moment_of(pos),
        content: 0,
        ends_persistence: false,
    };
    let Parsed::Whole(head) = http1::parse_request(bytes) else { return (request, None) };
    let body = http1::scan_body(head.framing, &bytes[head.len..]);
    let end = body.len.map(|body| pos + head.len + body);
    request.id = head.id;
    request.method = head.method;
    request.ends_persistence = head.ends_persistence;
    request.content = body.content.len();
    request.last_sent = end.and_then(|end| flow.sent.moment_of(end - 1));
    (request, end)
}

struct ResponseReader<'a> {
    flow: &'a Flow,
    pos: usize,
    /// Where the next message starts can no longer be told.
    lost: bool,
    unsolicited: Vec<Unsolicited>,
}

impl ResponseReader<'_> {
    fn response_to(&mut self, request: &WireRequest) -> Option<WireResponse> {
        self.skip_unsolicited(self.track().len_after(request.first_sent.event));
        while !self.lost {
            let first_delivered = self.track().moment_of(self.pos)?;
            let bytes = &self.track().bytes()[self.pos..];
            match http1::parse_response(bytes, &request.method) {
                Parsed::Whole(head) if is_interim(head.status) => self.pos += head.len,
                Parsed::Whole(head) => return Some(self.final_response(&head, first_delivered)),
                Parsed::Partial => {
                    self.lost = true;
                    return Some(self.headless(first_delivered));
                }
                Parsed::Malformed(what) => {
                    self.lost = true;
                    let delivered = self.malformed_since(first_delivered, &request.method);
                    let malformed = Some(Malformed { what, delivered });
                    return Some(WireResponse { malformed, ..self.headless(first_delivered) });
                }
            }
        }
        None
    }

    fn final_response(&mut self, head: &http1::ResponseHead, first_delivered: Moment) -> WireResponse {
        let body = http1::scan_body(head.framing, &self.track().bytes()[self.pos + head.len..]);
        let end = body.len.map(|len| self.pos + head.len + len);
        let malformed = body.malformed.and_then(|(what, len)| {
            let delivered = self.track().moment_of(self.pos + head.len + len - 1)?;
            Some(Malformed { what, delivered })
        });
        let complete = match end {
            Some(end) => self.track().moment_of(end - 1),
            None if head.framing == BodyFraming::Close => self.flow.fin.delivered,
            None => None,
        };
        let response = WireResponse {
            status: Some(head.status),
            framing: head.framing,
            body: body.content,
            complete,
            ends_persistence: head.ends_persistence,
            keep_alive: head.keep_alive.map(|seconds| seconds.saturating_mul(1_000)),
            requests_left: head.requests_left,
            length_given_twice: head.length_given_twice,
            is_http_10: head.is_http_10,
            malformed,
            asks_again: head.asks_again,
            ..self.headless(first_delivered)
        };
        match end {
            Some(end) => self.pos = end,
            None => self.lost = true,
        }
        response
    }

    fn headless(&self, first_delivered: Moment) -> WireResponse {
        WireResponse {
            status: None,
            framing: BodyFraming::None,
            body: Vec::new(),
            first_delivered,
            first_sent: self.flow.sent.moment_of(self.pos),
            complete: None,
            ends_persistence: false,
            keep_alive: None,
            requests_left: None,
            length_given_twice: false,
            is_http_10: false,
            announced: None,
            malformed: None,
            asks_again: false,
        }
    }

    /// When enough of a malformed head had come to tell.
    fn malformed_since(&self, first: Moment, method: &str) -> Moment {
        let moments = self.track().moments().filter(|moment| first <= *moment);
        let mut tells = moments.filter(|moment| {
            let head = &self.track().bytes()[self.pos..self.track().len_after(moment.event)];
            matches!(http1::parse_response(head, method), Parsed::Malformed(_))
        });
        tells.next().unwrap_or(first)
    }

    /// Everything from the current position to `end` came while no request was outstanding.
    fn skip_unsolicited(&mut self, end: usize) {
        if self.lost || self.pos >= end {
            return;
        }
        let bytes = &self.track().bytes()[self.pos..end];
        let first = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n'));
        let offset = self.pos + first.unwrap_or(0);
        if let Some(delivered) = self.track().moment_of(offset) {
            self.unsolicited.push(Unsolicited {
                len: bytes.len(),
                only_crlf: first.is_none(),
                sent: self.flow.sent.moment_of(offset),
                delivered,
            });
        }
        self.pos = end;
    }

    fn track(&self) -> &Track {
        &self.flow.delivered
    }
}

/// 101 is final for the exchange: what follows is another protocol.
fn is_interim(status: u16) -> bool {
    matches!(status, 100..=199) && status != 101
}
