//! The frames of HTTP/2 that are worth a line. Those that only keep the protocol going are not: the SETTINGS at the
//! beginning, acknowledgements, WINDOW_UPDATE, and DATA, which belongs to its request or answer.

use std::collections::{BTreeMap, BTreeSet};

use closewait_trace::http2::{FrameKind, Http2, WireFrame};
use closewait_trace::{Connection, Connections};

use crate::words::grouped;

/// The frames of a trace, by the events at which they leave and arrive.
pub struct Frames {
    speakers: BTreeSet<u32>,
    pub news: BTreeMap<usize, Vec<News>>,
}

/// What an event brings that is worth a line.
#[derive(Debug, Clone)]
pub enum News {
    /// The HEADERS of a request leave.
    Written { id: String, stream: u32 },
    /// The last of an answer arrives.
    Answered { id: String },
    /// The client sends PING.
    Ping,
    /// The answer to a PING arrives.
    Pong,
    /// The origin sends something, of its own accord or because a step says so: about what, and what.
    FromOrigin { subject: String, words: String },
    /// Something that is no answer reaches the client.
    Delivered { subject: String, words: String },
    /// Anything else.
    Line(String),
}

impl Frames {
    pub fn of(connections: &Connections) -> Self {
        let mut frames = Self { speakers: BTreeSet::new(), news: BTreeMap::new() };
        for connection in connections.iter() {
            if let Some(http2) = &connection.http2 {
                frames.speakers.insert(connection.number);
                frames.read(connection, http2);
            }
        }
        frames
    }

    /// Whether requests on the connection are streams.
    pub fn are_spoken_on(&self, connection: u32) -> bool {
        self.speakers.contains(&connection)
    }

    fn read(&mut self, connection: &Connection, http2: &Http2) {
        let mut opened = BTreeSet::new();
        for frame in &http2.to_origin {
            let id = connection.request_on(frame.stream);
            let opens = matches!(frame.kind, FrameKind::Headers { .. }) && opened.insert(frame.stream);
            let news = from_client(connection.number, frame, id, opens);
            self.note(frame.first_sent.map(|sent| sent.event), news);
        }
        let settings = |frame: &&WireFrame| matches!(frame.kind, FrameKind::Settings { .. });
        let first_settings = http2.to_client.iter().find(settings);
        for frame in &http2.to_client {
            let id = connection.request_on(frame.stream);
            if let Some(words) = words(frame, id).filter(|_| first_settings != Some(frame)) {
                let subject = subject(connection, id);
                let sent = News::FromOrigin { subject: subject.clone(), words: words.clone() };
                self.note(frame.first_sent.map(|sent| sent.event), Some(sent));
                let delivered = News::Delivered { subject, words };
                self.note(frame.delivered.map(|moment| moment.event), Some(delivered));
            }
            let pong = (frame.kind == FrameKind::Pong).then_some(News::Pong);
            self.note(frame.delivered.map(|moment| moment.event), pong);
        }
        self.answers(connection);
        self.fault(connection, http2);
    }

    fn answers(&mut self, connection: &Connection) {
        for exchange in &connection.exchanges {
            let complete = exchange.response.as_ref().and_then(|response| response.complete);
            let news = exchange.request.id.clone().map(|id| News::Answered { id });
            self.note(complete.map(|complete| complete.event), news);
        }
    }

    fn fault(&mut self, connection: &Connection, http2: &Http2) {
        let subject = || subject(connection, None);
        let fault = http2.fault.as_ref();
        let delivered =
            fault.map(|fault| News::Delivered { subject: subject(), words: fault.reason.to_owned() });
        self.note(fault.map(|fault| fault.delivered.event), delivered);
    }

    fn note(&mut self, event: Option<usize>, news: Option<News>) {
        if let (Some(event), Some(news)) = (event, news) {
            self.news.entry(event).or_default().push(news);
        }
    }
}

/// `b` for what concerns its stream, else the connection.
fn subject(connection: &Connection, id: Option<&str>) -> String {
    id.map_or_else(|| on(connection.number), str::to_owned)
}

pub fn on(connection: u32) -> String {
    format!("connection {connection}")
}

fn from_client(connection: u32, frame: &WireFrame, id: Option<&str>, opens: bool) -> Option<News> {
    let line = |what: String| Some(News::Line(format!("connection {connection}: client sends {what}")));
    match (&frame.kind, id) {
        (FrameKind::Headers { .. }, Some(id)) if opens => {
            Some(News::Written { id: id.to_owned(), stream: frame.stream })
        }
        (FrameKind::Reset { code }, Some(id)) => {
            Some(News::Line(format!("{id}: client sends RST_STREAM ({code})")))
        }
        (FrameKind::Reset { code }, None) => line(format!("RST_STREAM ({code})")),
        (FrameKind::GoAway { code, .. }, _) => line(format!("GOAWAY ({code})")),
        (FrameKind::Ping, _) => Some(News::Ping),
        (FrameKind::Pong, _) => line("its answer to PING".to_owned()),
        _ => None,
    }
}

/// What the origin sends, if it is worth a line of its own.
fn words(frame: &WireFrame, id: Option<&str>) -> Option<String> {
    match &frame.kind {
        FrameKind::GoAway { last_stream, code } => Some(match last_stream {
            0x7fff_ffff => format!("GOAWAY (more may come, {code})"),
            last => format!("GOAWAY (last stream {last}, {code})"),
        }),
        FrameKind::Reset { code } => id.map(|_| format!("RST_STREAM ({code})")),
        FrameKind::Settings { values } => {
            let values: Vec<String> =
                values.iter().map(|(name, value)| format!("{name} {}", grouped((*value).into()))).collect();
            Some(format!("SETTINGS ({})", values.join(", ")))
        }
        FrameKind::Ping => Some("PING".to_owned()),
        FrameKind::StreamError { reason } => Some((*reason).to_owned()),
        _ => None,
    }
}
