//! Hand-written traces for tests: one call an event, the instant first.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::sealing::alert;
use super::{
    BodyEnd, Direction, End, ErrorKind, Event, Fate, Millis, Outcome, Retries, Segment, SocketAtEnd, Trace,
    What,
};

/// Builds a trace event by event. Connections and requests are created by the calls that name them.
#[derive(Clone, Default)]
pub struct TraceBuilder {
    events: Vec<Event>,
    lines: BTreeMap<(u32, Direction), Line>,
    sockets: Vec<SocketAtEnd>,
    end: Option<End>,
    retries: Option<Retries>,
    unsupported: Option<String>,
}

#[derive(Clone, Default)]
struct Line {
    next_seq: u32,
    in_flight: Vec<Segment>,
}

/// What the origin takes before it has to acknowledge, bytes.
const WINDOW: u32 = 65_535;

/// A whole `200` with this body.
pub fn ok_message(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// The head of a request without a body.
pub fn head(id: &str, method: &str) -> String {
    format!("{method} /{id} HTTP/1.1\r\nhost: origin\r\nx-request-id: {id}\r\n\r\n")
}

/// A response that the client reported whole.
pub fn whole(status: u16, body: &str) -> Outcome {
    Outcome::Response { status, body: Bytes::copy_from_slice(body.as_bytes()), end: BodyEnd::Complete }
}

/// An error that the client reported instead of a response.
pub fn error(kind: ErrorKind) -> Outcome {
    Outcome::Error { kind, message: "connection closed before message completed".to_owned() }
}

impl TraceBuilder {
    pub fn new() -> Self {
        Self::default()
    }

    /// What the client says of its budget.
    pub fn retries(self, retries: Retries) -> Self {
        Self { retries: Some(retries), ..self }
    }

    /// The handshake, all of it at one instant.
    pub fn open(self, at: Millis, connection: u32) -> Self {
        let syn_ack = Segment { syn: true, ack: true, ack_seq: 1, window: WINDOW, ..Segment::default() };
        self.syn(at, connection)
            .segment(at, connection, Direction::ToClient, Fate::Sent, syn_ack.clone())
            .segment(at, connection, Direction::ToClient, Fate::Delivered, syn_ack)
    }

    /// A SYN that nothing answers.
    pub fn syn(self, at: Millis, connection: u32) -> Self {
        let syn = Segment { syn: true, ..Segment::default() };
        self.segment(at, connection, Direction::ToOrigin, Fate::Sent, syn)
    }

    pub fn start(self, at: Millis, id: &str, method: &str) -> Self {
        let (request, path) = (id.to_owned(), format!("/{id}"));
        self.push(at, What::RequestStarted { request, method: method.to_owned(), path, body: 0 })
    }

    /// The request leaves the client's host and does not arrive yet.
    pub fn write(self, at: Millis, id: &str, method: &str, connection: u32) -> Self {
        self.client_sends(at, connection, head(id, method))
    }

    /// Started, written, arrived and executed, all at one instant.
    pub fn request(self, at: Millis, id: &str, method: &str, connection: u32) -> Self {
        self.start(at, id, method).attempt(at, id, method, connection)
    }

    /// Written, arrived and executed, all at one instant.
    pub fn attempt(self, at: Millis, id: &str, method: &str, connection: u32) -> Self {
        self.write(at, id, method, connection).origin_gets(at, connection).executed(at, id, connection)
    }

    /// The default answer, delivered and reported.
    pub fn response(self, at: Millis, id: &str, connection: u32) -> Self {
        let body = format!("{id}@{connection}");
        self.reply(at, id, connection, &body, &ok_message(&body)).finish(at, id, whole(200, &body))
    }

    /// The origin answers 200 in these bytes, and they are delivered.
    pub fn reply(self, at: Millis, id: &str, connection: u32, body: &str, bytes: &str) -> Self {
        self.replied(at, id, connection, 200, body, true).bytes(at, connection, bytes)
    }

    pub fn replied(
        self,
        at: Millis,
        id: &str,
        connection: u32,
        status: u16,
        body: &str,
        complete: bool,
    ) -> Self {
        let (request, body) = (id.to_owned(), Bytes::copy_from_slice(body.as_bytes()));
        self.push(at, What::Replied { request, connection, status, body, complete })
    }

    pub fn executed(self, at: Millis, id: &str, connection: u32) -> Self {
        self.push(at, What::Executed { request: id.to_owned(), connection })
    }

    pub fn finish(self, at: Millis, id: &str, outcome: Outcome) -> Self {
        self.push(at, What::RequestFinished { request: id.to_owned(), outcome })
    }

    /// The application keeps the response unread.
    pub fn keep(self, at: Millis, id: &str) -> Self {
        self.push(at, What::ResponseKept { request: id.to_owned() })
    }

    /// It reads on.
    pub fn read_on(self, at: Millis, id: &str) -> Self {
        self.push(at, What::ResponseReadOn { request: id.to_owned() })
    }

    pub fn closed_error(self, at: Millis, id: &str) -> Self {
        self.finish(at, id, error(ErrorKind::Closed))
    }

    pub fn cancel(self, at: Millis, id: &str) -> Self {
        self.push(at, What::RequestCancelled { request: id.to_owned() }).finish(at, id, Outcome::Cancelled)
    }

    pub fn deadline(self, at: Millis, id: &str) -> Self {
        self.push(at, What::RequestCancelled { request: id.to_owned() }).finish(at, id, Outcome::Deadline)
    }

    pub fn client_sends(self, at: Millis, connection: u32, bytes: impl AsRef<[u8]>) -> Self {
        self.send(at, connection, Direction::ToOrigin, data(bytes))
    }

    pub fn origin_gets(self, at: Millis, connection: u32) -> Self {
        self.arrive(at, connection, Direction::ToOrigin)
    }

    /// The client's host learns that everything it sent has arrived.
    pub fn acknowledge(self, at: Millis, connection: u32) -> Self {
        let ack_seq = self.lines.get(&(connection, Direction::ToOrigin)).map_or(1, |line| line.next_seq);
        let ack = Segment { ack: true, ack_seq, window: WINDOW, ..Segment::default() };
        self.segment(at, connection, Direction::ToClient, Fate::Delivered, ack)
    }

    pub fn origin_sends(self, at: Millis, connection: u32, bytes: impl AsRef<[u8]>) -> Self {
        self.send(at, connection, Direction::ToClient, data(bytes))
    }

    pub fn client_gets(self, at: Millis, connection: u32) -> Self {
        self.arrive(at, connection, Direction::ToClient)
    }

    /// The origin's bytes, sent and delivered at one instant in one segment.
    pub fn bytes(self, at: Millis, connection: u32, bytes: impl AsRef<[u8]>) -> Self {
        self.origin_sends(at, connection, bytes).client_gets(at, connection)
    }

    pub fn fin_sent(self, at: Millis, connection: u32) -> Self {
        let fin = Segment { fin: true, ..Segment::default() };
        self.send(at, connection, Direction::ToClient, fin)
    }

    /// The origin's FIN, sent and delivered at one instant.
    pub fn fin(self, at: Millis, connection: u32) -> Self {
        self.fin_sent(at, connection).client_gets(at, connection)
    }

    /// An RST from the origin, sent and delivered at one instant.
    pub fn rst(self, at: Millis, connection: u32) -> Self {
        let rst = Segment { rst: true, ..Segment::default() };
        self.send(at, connection, Direction::ToClient, rst).client_gets(at, connection)
    }

    /// The client closes its socket, with so many bytes in the send buffer.
    pub fn client_close(self, at: Millis, connection: u32, unsent: u32) -> Self {
        self.push(at, What::SocketClosed { connection, unsent })
    }

    pub fn client_fin(self, at: Millis, connection: u32) -> Self {
        let fin = Segment { fin: true, ..Segment::default() };
        self.send(at, connection, Direction::ToOrigin, fin)
    }

    /// An alert of the origin, sent and delivered at one instant; it is one once the trace is sealed.
    pub fn alert(self, at: Millis, connection: u32, name: &str) -> Self {
        self.bytes(at, connection, alert(name))
    }

    pub fn closing(self, at: Millis) -> Self {
        self.push(at, What::ClientClosing).push(at, What::ClientClosed)
    }

    /// Lets time pass.
    pub fn step(self, at: Millis) -> Self {
        self.push(at, What::Step { step: 0 })
    }

    pub fn socket(mut self, connection: u32, state: &str) -> Self {
        self.sockets.push(SocketAtEnd { connection: Some(connection), state: state.to_owned() });
        self
    }

    pub fn end(mut self, end: End) -> Self {
        self.end = Some(end);
        self
    }

    pub fn unsupported(mut self, reason: &str) -> Self {
        self.unsupported = Some(reason.to_owned());
        self
    }

    pub fn segment(
        self,
        at: Millis,
        connection: u32,
        direction: Direction,
        fate: Fate,
        segment: Segment,
    ) -> Self {
        self.push(at, What::Segment { connection, direction, fate, segment })
    }

    pub fn build(self) -> Trace {
        Trace {
            events: self.events,
            records: Vec::new(),
            end: self.end.unwrap_or(End::Completed),
            sockets: self.sockets,
            panics: Vec::new(),
            retries: self.retries,
            untried: Vec::new(),
            unsupported: self.unsupported,
        }
    }

    fn send(mut self, at: Millis, connection: u32, direction: Direction, segment: Segment) -> Self {
        let line = self.lines.entry((connection, direction)).or_default();
        let seq = line.next_seq.max(1);
        line.next_seq = seq + u32::try_from(segment.payload.len()).expect("a test writes little");
        let segment = Segment { seq, ..segment };
        line.in_flight.push(segment.clone());
        self.segment(at, connection, direction, Fate::Sent, segment)
    }

    fn arrive(mut self, at: Millis, connection: u32, direction: Direction) -> Self {
        let line = self.lines.entry((connection, direction)).or_default();
        let in_flight = std::mem::take(&mut line.in_flight);
        let deliver =
            |trace: Self, segment| trace.segment(at, connection, direction, Fate::Delivered, segment);
        in_flight.into_iter().fold(self, deliver)
    }

    fn push(mut self, at: Millis, what: What) -> Self {
        assert!(self.events.last().is_none_or(|last| last.at <= at), "{at} ms comes after a later event");
        self.events.push(Event { at, what });
        self
    }
}

pub fn data(bytes: impl AsRef<[u8]>) -> Segment {
    Segment { payload: Bytes::copy_from_slice(bytes.as_ref()), ..Segment::default() }
}
