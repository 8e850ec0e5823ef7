//! Hand-written runs for the tests of the reports.

use std::collections::BTreeMap;

use bytes::Bytes;
use closewait_scenario::{Direction, Scenario, parse};
use closewait_trace::{BodyEnd, End, Event, Fate, Millis, Outcome, Segment, Trace, What};

/// Latency of every segment, milliseconds.
const LATENCY: Millis = 10;

/// A scenario with this script, without its `script = [` and `]`.
pub fn scenario(script: &str) -> Scenario {
    let text = format!(
        "title = \"A situation\"\nabout = \"What breaks.\"\nsources = [\"RFC 9112 section 9.5\"]\n\
         script = [\n{script}\n]\n[expect]\na = {{ outcome = [\"200\"] }}\n"
    );
    parse("family/name", "family/name.toml", &text).unwrap_or_else(|invalid| panic!("{invalid}"))
}

/// A trace in the making. Segments arrive one latency after they are sent.
pub struct Run {
    events: Vec<Event>,
    next: BTreeMap<(u32, Direction), u32>,
    end: End,
}

impl Run {
    pub fn new() -> Self {
        Self { events: Vec::new(), next: BTreeMap::new(), end: End::Completed }
    }

    pub fn at(&mut self, at: Millis, what: What) -> &mut Self {
        self.events.push(Event { at, what });
        self
    }

    pub fn step(&mut self, at: Millis, step: usize) -> &mut Self {
        self.at(at, What::Step { step })
    }

    pub fn start(&mut self, at: Millis, id: &str, method: &str) -> &mut Self {
        let (request, method, path) = (id.to_owned(), method.to_owned(), format!("/{id}"));
        self.at(at, What::RequestStarted { request, method, path, body: 0 })
    }

    pub fn open(&mut self, at: Millis, connection: u32) -> &mut Self {
        let syn = Segment { syn: true, ..Segment::default() };
        self.carry(at, connection, Direction::ToOrigin, syn.clone());
        self.carry(at + LATENCY, connection, Direction::ToClient, Segment { ack: true, ..syn })
    }

    pub fn write(&mut self, at: Millis, connection: u32, direction: Direction, bytes: &str) -> &mut Self {
        let segment = self.segment(connection, direction, bytes);
        self.carry(at, connection, direction, segment)
    }

    pub fn fin(&mut self, at: Millis, connection: u32, direction: Direction) -> &mut Self {
        self.carry(at, connection, direction, Segment { fin: true, ack: true, ..Segment::default() })
    }

    pub fn rst(&mut self, at: Millis, connection: u32, direction: Direction) -> &mut Self {
        self.carry(at, connection, direction, Segment { rst: true, ..Segment::default() })
    }

    pub fn carry(
        &mut self,
        at: Millis,
        connection: u32,
        direction: Direction,
        segment: Segment,
    ) -> &mut Self {
        self.fate(at, connection, direction, Fate::Sent, segment.clone());
        self.fate(at + LATENCY, connection, direction, Fate::Delivered, segment)
    }

    pub fn fate(
        &mut self,
        at: Millis,
        connection: u32,
        direction: Direction,
        fate: Fate,
        segment: Segment,
    ) -> &mut Self {
        self.at(at, What::Segment { connection, direction, fate, segment })
    }

    /// The next bytes of a connection.
    pub fn segment(&mut self, connection: u32, direction: Direction, bytes: &str) -> Segment {
        let next = self.next.entry((connection, direction)).or_insert(1);
        let seq = *next;
        *next += u32::try_from(bytes.len()).expect("a short text");
        Segment { ack: true, seq, payload: Bytes::copy_from_slice(bytes.as_bytes()), ..Segment::default() }
    }

    pub fn finish(&mut self, at: Millis, id: &str, outcome: Outcome) -> &mut Self {
        self.at(at, What::RequestFinished { request: id.to_owned(), outcome })
    }

    /// A GET on an open connection that is answered: 20 ms.
    pub fn exchange(&mut self, at: Millis, id: &str, connection: u32) -> &mut Self {
        self.write(at, connection, Direction::ToOrigin, &request("GET", id));
        self.answer(at + LATENCY, id, connection);
        self.finish(at + 2 * LATENCY, id, ok(&format!("{id} on {connection}")))
    }

    /// The origin executes a request and answers.
    pub fn answer(&mut self, at: Millis, id: &str, connection: u32) -> &mut Self {
        let text = format!("{id} on {connection}");
        let (request, body) = (id.to_owned(), Bytes::from(text.clone()));
        self.at(at, What::Executed { request: request.clone(), connection });
        self.at(at, What::Replied { request, connection, status: 200, body, complete: true });
        self.write(at, connection, Direction::ToClient, &format!("HTTP/1.1 200 OK\r\n\r\n{text}"))
    }

    pub fn stop(&mut self, end: End) -> &mut Self {
        self.end = end;
        self
    }

    pub fn trace(&self) -> Trace {
        let mut events = self.events.clone();
        events.sort_by_key(|event| event.at);
        Trace {
            events,
            records: Vec::new(),
            end: self.end.clone(),
            sockets: Vec::new(),
            panics: Vec::new(),
            retries: None,
            untried: Vec::new(),
            unsupported: None,
        }
    }
}

/// The bytes of a request.
pub fn request(method: &str, id: &str) -> String {
    format!("{method} /{id} HTTP/1.1\r\nhost: origin\r\nx-request-id: {id}\r\n\r\n")
}

/// A whole 200 with this body.
pub fn ok(body: &str) -> Outcome {
    Outcome::Response { status: 200, body: Bytes::copy_from_slice(body.as_bytes()), end: BodyEnd::Complete }
}
