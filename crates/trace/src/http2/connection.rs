//! What HTTP/2 makes of a connection's bytes: its frames, and its streams as exchanges.

use std::collections::BTreeMap;

use super::bounds::Bounds;
use super::conduct::Conduct;
use super::frame::DEFAULT_MAX_FRAME_SIZE;
use super::news::News;
use super::wire::{FrameKind, Head, WireFrame, frames};
use super::{ErrorCode, PREFACE, Setting, next_frame};
use super::{Next, Payload};
use crate::{
    BodyFraming, Exchange, Flow, Malformed, Moment, Reset, Stream, WireRequest, WireResponse, is_bodiless,
};

/// The frames of a connection that speaks HTTP/2.
#[derive(Debug, Clone, Default)]
pub struct Http2 {
    /// From the client, in order.
    pub to_origin: Vec<WireFrame>,
    /// From the origin, in order.
    pub to_client: Vec<WireFrame>,
    /// The first thing that is a connection error for the client, if it was delivered.
    pub fault: Option<Fault>,
    news: News,
}

/// What obliges a client to give the connection up (RFC 9113 section 5.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub reason: &'static str,
    /// When the origin began to send it.
    pub sent: Option<Moment>,
    /// When the client's host had the whole of it.
    pub delivered: Moment,
}

/// A GOAWAY of the origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GoAway {
    /// The last stream that was or may be processed.
    pub last_stream: u32,
    /// Why.
    pub code: ErrorCode,
    /// When the origin sent it.
    pub sent: Option<Moment>,
    /// When it reached the client.
    pub delivered: Option<Moment>,
}

/// Whether the client speaks HTTP/2: its preface says so, or, before it has said anything, the origin's.
pub fn is_spoken(to_origin: &Flow, to_client: &Flow) -> bool {
    const METHOD: usize = "PRI".len();
    let client = to_origin.sent.bytes();
    if client.is_empty() {
        let origin = next_frame(to_client.delivered.bytes(), DEFAULT_MAX_FRAME_SIZE);
        return matches!(origin, Next::Frame(frame) if matches!(frame.payload, Payload::Settings { .. }));
    }
    client.starts_with(PREFACE) || (client.len() >= METHOD && PREFACE.starts_with(client))
}

/// Reads both directions.
pub fn read(to_origin: &Flow, to_client: &Flow) -> (Http2, Vec<Exchange>) {
    let client = frames(to_origin, PREFACE.len(), Bounds::NONE);
    let mut streams = Streams { conduct: Conduct::towards(&client), ..Streams::default() };
    for frame in &client {
        streams.read_from_client(frame);
    }
    let origin = frames(to_client, 0, Bounds::announced(to_origin, PREFACE.len()));
    for frame in &origin {
        streams.read_from_origin(frame, to_client.delivered.bytes());
    }
    let news = News::of(&client, &origin, streams.by_id);
    (Http2 { to_origin: client, to_client: origin, fault: streams.fault, news }, streams.exchanges)
}

#[derive(Default)]
struct Streams {
    exchanges: Vec<Exchange>,
    by_id: BTreeMap<u32, usize>,
    conduct: Conduct,
    fault: Option<Fault>,
}

impl Streams {
    fn read_from_client(&mut self, frame: &WireFrame) {
        let Some(first_sent) = frame.first_sent else { return };
        let index = match (self.by_id.get(&frame.stream), &frame.kind) {
            (Some(index), _) => *index,
            (None, FrameKind::Headers { head, .. }) => self.open(frame, first_sent, head.as_ref()),
            (None, _) => return,
        };
        let exchange = &mut self.exchanges[index];
        if frame.ends_stream() && exchange.request.last_sent.is_none() {
            exchange.request.last_sent = frame.last_sent;
        }
        if let FrameKind::Data { content, .. } = &frame.kind {
            exchange.request.content += content.len();
        }
        if let (FrameKind::Reset { code }, Some(stream)) = (&frame.kind, &mut exchange.stream) {
            stream.reset_by_client.get_or_insert(reset(frame, *code));
        }
    }

    fn open(&mut self, frame: &WireFrame, first_sent: Moment, head: Option<&Head>) -> usize {
        let request = WireRequest {
            id: head.and_then(|head| head.id.clone()),
            method: head.and_then(|head| head.method.clone()).unwrap_or_default(),
            first_sent,
            last_sent: None,
            first_delivered: frame.first_delivered,
            content: 0,
            ends_persistence: false,
        };
        let index = self.exchanges.len();
        self.exchanges.push(Exchange { request, response: None, stream: Some(Stream::new(frame.stream)) });
        self.by_id.insert(frame.stream, index);
        index
    }

    fn read_from_origin(&mut self, frame: &WireFrame, delivered: &[u8]) {
        if let FrameKind::Malformed { reason } = frame.kind {
            self.fault(frame, reason);
        }
        if let Some(reason) = self.conduct.take(frame) {
            self.fault(frame, reason);
        }
        let is_of_no_exchange = frame.stream == 0 || self.conduct.has_promised(frame.stream);
        if is_of_no_exchange || matches!(frame.kind, FrameKind::Ignored | FrameKind::StreamError { .. }) {
            return;
        }
        let index = self.by_id.get(&frame.stream).copied();
        let is_open = |index: &usize| {
            let opened = self.exchanges[*index].request.first_sent;
            frame.first_delivered.is_none_or(|first| opened < first)
        };
        match index.filter(is_open) {
            Some(index) => answer(&mut self.exchanges[index], frame, delivered),
            None => self.fault(frame, "a frame for a stream that the client had not opened"),
        }
    }

    fn fault(&mut self, frame: &WireFrame, reason: &'static str) {
        if let Some(delivered) = frame.delivered {
            self.fault.get_or_insert(Fault { reason, sent: frame.first_sent, delivered });
        }
    }
}

/// What a frame from the origin means for its stream.
fn answer(exchange: &mut Exchange, frame: &WireFrame, delivered: &[u8]) {
    let Exchange { request, response, stream } = exchange;
    let Some(stream) = stream else { return };
    let is_over = response.as_ref().is_some_and(|response| response.complete.is_some());
    match &frame.kind {
        FrameKind::Reset { code } => {
            stream.reset_by_origin.get_or_insert(reset(frame, *code));
        }
        _ if is_over => {}
        FrameKind::Headers { head, end_stream } => {
            let Some(first_delivered) = frame.first_delivered else { return };
            let head = head.as_ref().filter(|_| frame.delivered.is_some());
            match (response, head.and_then(|head| head.status)) {
                (_, Some(status @ 100..=199))
                    if !end_stream && head.is_some_and(|head| head.fault.is_none()) =>
                {
                    stream.interim.extend(frame.delivered.map(|at| (status, at)))
                }
                (Some(response), _) => {
                    stream.trailers = frame.delivered;
                    let fault = head.and_then(|head| head.fault_of_trailers);
                    let goes_on = (!end_stream).then_some("a second head that does not end the stream");
                    object(response, frame, head.and(goes_on).or(fault));
                    complete(request, response, frame);
                }
                (none, status) => {
                    let asks_again = head.is_some_and(|head| head.asks_again);
                    let announced = head.and_then(|head| head.content_length);
                    let begun = begun(status, frame, first_delivered);
                    let response = none.insert(WireResponse { asks_again, announced, ..begun });
                    let is_interim = status.is_some_and(|status| status < 200);
                    let ends = is_interim.then_some("an interim response that ends the stream");
                    object(response, frame, head.and_then(|head| head.fault).or(ends));
                    complete(request, response, frame);
                }
            }
        }
        FrameKind::Data { content, .. } => {
            let Some(first_delivered) = frame.first_delivered else { return };
            let is_first = response.is_none();
            let response = response.get_or_insert_with(|| begun(None, frame, first_delivered));
            object(response, frame, is_first.then_some("DATA ahead of a head"));
            let end = content.end.min(delivered.len());
            response.body.extend_from_slice(delivered.get(content.start..end).unwrap_or_default());
            complete(request, response, frame);
        }
        _ => {}
    }
}

/// Takes note of what is wrong with the response, if it was delivered; the first counts.
fn object(response: &mut WireResponse, frame: &WireFrame, what: Option<&'static str>) {
    if let (Some(what), Some(delivered)) = (what, frame.delivered) {
        response.malformed.get_or_insert(Malformed { what, delivered });
    }
}

fn begun(status: Option<u16>, frame: &WireFrame, first_delivered: Moment) -> WireResponse {
    WireResponse {
        status,
        framing: BodyFraming::Stream,
        body: Vec::new(),
        first_delivered,
        first_sent: frame.first_sent,
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

fn complete(request: &WireRequest, response: &mut WireResponse, frame: &WireFrame) {
    let ends = frame.ends_stream();
    let status = response.status.unwrap_or_default();
    if let Some(announced) = response.announced.filter(|_| !is_bodiless(&request.method, status)) {
        let came = u64::try_from(response.body.len()).unwrap_or(u64::MAX);
        let differs = came > announced || ends && came < announced;
        object(response, frame, differs.then_some("a Content-Length that is not that of the content"));
    }
    if ends && response.complete.is_none() {
        response.complete = frame.delivered;
    }
}

fn reset(frame: &WireFrame, code: ErrorCode) -> Reset {
    Reset { code, sent: frame.first_sent, delivered: frame.delivered }
}

impl Http2 {
    /// The GOAWAYs of the origin, in order.
    pub fn goaways(&self) -> impl Iterator<Item = GoAway> {
        self.news.goaways.iter().copied()
    }

    /// When the client sent a PING.
    pub fn pings(&self) -> impl DoubleEndedIterator<Item = Moment> {
        self.news.pings.iter().copied()
    }

    /// The first PING of the client in a later turn than that of a moment.
    pub fn ping_after(&self, moment: Moment) -> Option<Moment> {
        let pings = &self.news.pings;
        pings.get(pings.partition_point(|ping| ping.may_precede(moment))).copied()
    }

    /// The origin's values of a setting, with the moment at which each reached the client.
    pub fn setting(&self, wanted: Setting) -> impl DoubleEndedIterator<Item = (Moment, u32)> {
        let values = self.news.settings.iter().filter(move |(_, setting, _)| *setting == wanted);
        values.map(|(delivered, _, value)| (*delivered, *value))
    }

    /// When the origin's first SETTINGS reached the client: from then on the connection is known to be healthy.
    pub fn settled(&self) -> Option<Moment> {
        self.news.settled
    }

    /// How many bytes of content the client sent on a stream after a moment.
    pub fn data_after(&self, stream: u32, moment: Moment) -> usize {
        let frames = self.news.content.get(&stream).map_or(&[][..], Vec::as_slice);
        frames.iter().filter(|(sent, _)| moment < *sent).map(|(_, len)| len).sum()
    }

    /// Which exchange a stream is: the index into [`Connection::exchanges`](crate::Connection::exchanges).
    pub(crate) fn exchange_on(&self, stream: u32) -> Option<usize> {
        self.news.streams.get(&stream).copied()
    }
}
