//! The streams of one connection, and what both ends may send on them. Data: frames go to `out`, and leave from there.

use std::collections::{BTreeMap, VecDeque};

use closewait_scenario::{AfterReply, ErrorCode, LastStream, OriginSettings, Pings};
use closewait_trace::http2::Setting;

use super::frame::{self};
use super::incoming::Arrival;
use super::outgoing::Outgoing;
use super::request::Request;

/// A flow-control window that nobody has changed (RFC 9113 section 6.9.2).
const DEFAULT_WINDOW: u32 = 65535;

/// The streams of one connection.
pub(super) struct Streams {
    /// Frames that are to be written.
    pub out: Vec<u8>,
    /// What is to be done to the connection after that.
    pub then: AfterReply,
    /// How many more requests are owed an answer (first), and are no more (second), since that was last asked.
    pub owed: u32,
    pub settled: u32,
    pub pings: Pings,
    open: BTreeMap<u32, Stream>,
    /// The stream that last carried a request.
    carried: BTreeMap<String, u32>,
    /// The highest stream that arrived.
    highest: u32,
    /// Streams above are ignored, as a GOAWAY has said.
    last: u32,
    client: Client,
    ours: Ours,
}

/// What the client permits.
struct Client {
    window: i64,
    initial_window: i64,
}

/// What the origin permits.
struct Ours {
    initial_window: i64,
    /// In effect once the client has acknowledged it.
    max_streams: Option<u32>,
    /// One entry for each SETTINGS that the client has not acknowledged.
    announced: VecDeque<Option<u32>>,
}

struct Stream {
    request: Request,
    /// The request is not there whole.
    receiving: bool,
    /// How much the client still takes.
    window: i64,
    /// How much of ours the client may still send.
    granted: i64,
    reply: Option<Outgoing>,
    /// The answer is on its way before the body is there, perhaps after a delay.
    early: bool,
    /// An answer was, or is being, written.
    answered: bool,
}

/// What the origin has to know.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Happened {
    /// The head of a request is there, its body perhaps not.
    Head {
        stream: u32,
        request: Request,
    },
    /// The whole request is there.
    Whole {
        stream: u32,
        request: Request,
    },
    Ping([u8; 8]),
    /// The client does not speak HTTP/2: nothing more is read.
    Broken,
}

impl Streams {
    pub fn new(settings: &OriginSettings, pings: Pings) -> Self {
        let mut streams = Self {
            out: Vec::new(),
            then: AfterReply::Keep,
            owed: 0,
            settled: 0,
            pings,
            open: BTreeMap::new(),
            carried: BTreeMap::new(),
            highest: 0,
            last: u32::MAX,
            client: Client { window: DEFAULT_WINDOW.into(), initial_window: DEFAULT_WINDOW.into() },
            ours: Ours {
                initial_window: DEFAULT_WINDOW.into(),
                max_streams: None,
                announced: VecDeque::new(),
            },
        };
        streams.change_settings(settings.max_streams, settings.initial_window);
        streams
    }

    /// Takes in what arrived. Returns what the origin has to know: a request with nothing but a head is two things.
    pub fn receive(&mut self, arrival: Arrival) -> [Option<Happened>; 2] {
        let happened = match arrival {
            Arrival::Head { stream, fields, end } => {
                return self.receive_head(stream, &Request::of(&fields), end);
            }
            Arrival::Data { stream, length, end } => self.receive_data(stream, length, end),
            Arrival::Reset { stream } => {
                self.close(stream);
                None
            }
            Arrival::Settings(values) => {
                self.apply(&values);
                None
            }
            Arrival::SettingsAck => {
                if let Some(Some(max_streams)) = self.ours.announced.pop_front() {
                    self.ours.max_streams = Some(max_streams);
                }
                None
            }
            Arrival::Ping(opaque) => Some(Happened::Ping(opaque)),
            Arrival::Window { stream, by } => {
                self.widen(stream, by);
                None
            }
            Arrival::Broken(error) => {
                self.goaway(&LastStream::Seen, error);
                self.then = AfterReply::Close;
                Some(Happened::Broken)
            }
        };
        [happened, None]
    }

    /// Whether the stream is open, and nothing was decided about its answer.
    pub fn waits(&self, stream: u32) -> bool {
        self.open.get(&stream).is_some_and(|stream| !stream.answered && !stream.early)
    }

    /// The answer of this stream will come before the body of the request.
    pub fn expect_early(&mut self, stream: u32) {
        self.open.entry(stream).and_modify(|stream| stream.early = true);
    }

    /// The request on an open stream that has no answer.
    pub fn unanswered(&self, stream: u32) -> Option<&Request> {
        self.open.get(&stream).filter(|stream| !stream.answered).map(|stream| &stream.request)
    }

    /// Begins to answer.
    pub fn answer(&mut self, stream: u32, reply: Outgoing) {
        if let Some(open) = self.open.get_mut(&stream) {
            open.answered = true;
            open.reply = Some(reply);
            self.pump(stream);
        }
    }

    pub fn reset(&mut self, stream: u32, error: ErrorCode) {
        if self.close(stream) {
            self.out.extend(frame::rst_stream(stream, error));
        }
    }

    /// The open stream of a request.
    pub fn open_stream_of(&self, id: &str) -> Option<u32> {
        self.carried.get(id).copied().filter(|stream| self.open.contains_key(stream))
    }

    /// False if the request named as the last never arrived.
    pub fn goaway(&mut self, last: &LastStream, error: ErrorCode) -> bool {
        let last = match last {
            LastStream::Seen => self.highest,
            LastStream::All => 0x7fff_ffff,
            LastStream::None => 0,
            LastStream::Number(number) => *number,
            LastStream::Request(id) => match self.carried.get(id) {
                Some(stream) => *stream,
                None => return false,
            },
        };
        self.last = self.last.min(last);
        self.out.extend(frame::goaway(last, error));
        true
    }

    pub fn change_settings(&mut self, max_streams: Option<u32>, initial_window: Option<u32>) {
        self.out.extend(frame::settings(max_streams, initial_window));
        self.ours.announced.push_back(max_streams);
        if let Some(window) = initial_window.map(i64::from) {
            let more = window - self.ours.initial_window;
            self.open.values_mut().for_each(|stream| stream.granted += more);
            self.ours.initial_window = window;
        }
    }

    /// Grants more of a window; stream 0 is the connection.
    pub fn grant(&mut self, stream: u32, by: u32) {
        if let Some(open) = self.open.get_mut(&stream) {
            open.granted += i64::from(by);
        }
        self.out.extend(frame::window_update(stream, by));
    }

    fn receive_head(&mut self, number: u32, request: &Request, end: bool) -> [Option<Happened>; 2] {
        if self.open.contains_key(&number) {
            // A second header block is trailers (RFC 9113 section 8.1).
            return [if end { self.receive_end(number) } else { None }, None];
        }
        if number <= self.highest {
            return [None, None];
        }
        self.highest = number;
        if number > self.last {
            return [None, None];
        }
        self.carried.insert(request.id.clone(), number);
        if self.ours.max_streams.is_some_and(|most| self.open.len() >= most as usize) {
            self.out.extend(frame::rst_stream(number, ErrorCode::RefusedStream));
            return [None, None];
        }
        let stream = Stream {
            request: request.clone(),
            receiving: true,
            window: self.client.initial_window,
            granted: self.ours.initial_window,
            reply: None,
            early: false,
            answered: false,
        };
        self.open.insert(number, stream);
        self.owed += 1;
        let head = Happened::Head { stream: number, request: request.clone() };
        let whole = Happened::Whole { stream: number, request: request.clone() };
        if end {
            self.open.entry(number).and_modify(|stream| stream.receiving = false);
        }
        [Some(head), end.then_some(whole)]
    }

    /// What was received is granted again: all of it to the connection, and to the stream up to its initial window.
    fn receive_data(&mut self, number: u32, length: usize, end: bool) -> Option<Happened> {
        if length > 0 {
            self.out.extend(frame::window_update(0, length as u32));
        }
        let initial = self.ours.initial_window;
        let stream = self.open.get_mut(&number)?;
        stream.granted -= length as i64;
        if end {
            return self.receive_end(number);
        }
        let again = (initial - stream.granted).min(length as i64);
        if again > 0 {
            stream.granted += again;
            self.out.extend(frame::window_update(number, again as u32));
        }
        None
    }

    fn receive_end(&mut self, number: u32) -> Option<Happened> {
        let stream = self.open.get_mut(&number)?;
        stream.receiving = false;
        let request = stream.request.clone();
        if stream.answered || stream.early {
            self.retire(number);
            return None;
        }
        Some(Happened::Whole { stream: number, request })
    }

    /// What the client says of itself.
    fn apply(&mut self, values: &[(Setting, u32)]) {
        for (setting, value) in values {
            if *setting == Setting::INITIAL_WINDOW_SIZE {
                let more = i64::from(*value) - self.client.initial_window;
                self.client.initial_window = (*value).into();
                self.open.values_mut().for_each(|stream| stream.window += more);
            }
        }
        self.out.extend(frame::settings_ack());
        self.pump_all();
    }

    fn widen(&mut self, stream: u32, by: u32) {
        if stream == 0 {
            self.client.window += i64::from(by);
            self.pump_all();
        } else if let Some(open) = self.open.get_mut(&stream) {
            open.window += i64::from(by);
            self.pump(stream);
        }
    }

    fn pump_all(&mut self) {
        let numbers: Vec<u32> = self.open.keys().copied().collect();
        numbers.into_iter().for_each(|number| self.pump(number));
    }

    /// Writes of a reply what the windows permit.
    fn pump(&mut self, number: u32) {
        let Some(stream) = self.open.get_mut(&number) else { return };
        let Some(reply) = &mut stream.reply else { return };
        loop {
            let window = self.client.window.min(stream.window).max(0);
            let Some(taken) = reply.write_next(number, window as usize, &mut self.out) else { break };
            self.client.window -= taken as i64;
            stream.window -= taken as i64;
        }
        if reply.is_done() {
            let then = reply.then;
            stream.reply = None;
            self.settled += 1;
            self.finish(number, then);
        }
    }

    /// A reply was written, whole or up to its cut.
    fn finish(&mut self, number: u32, then: AfterReply) {
        match then {
            AfterReply::Keep => {}
            AfterReply::Goaway(error) => {
                self.goaway(&LastStream::Number(number), error);
            }
            AfterReply::ResetStream(error) => {
                self.out.extend(frame::rst_stream(number, error));
                self.open.remove(&number);
            }
            ending => self.then = ending,
        }
        self.retire(number);
    }

    /// Forgets a stream on which nothing more is to come from either end.
    fn retire(&mut self, number: u32) {
        let done = |stream: &Stream| !stream.receiving && stream.answered && stream.reply.is_none();
        if self.open.get(&number).is_some_and(done) {
            self.open.remove(&number);
        }
    }

    /// Forgets a stream that was reset. False if it was not open.
    fn close(&mut self, number: u32) -> bool {
        let Some(stream) = self.open.remove(&number) else { return false };
        let is_settled = stream.answered && stream.reply.is_none();
        self.settled += u32::from(!is_settled);
        true
    }
}
