//! What the frames of HTTP/2 make of the segments in which they begin.

use std::collections::{BTreeMap, BTreeSet};

use super::Label;
use crate::http2::{FrameKind, WireFrame};
use crate::{Connection, Connections, Direction};

/// The label of each segment in which a frame begins, by the event of its leaving.
pub(super) struct Frames {
    speakers: BTreeSet<u32>,
    labels: BTreeMap<usize, Label>,
}

impl Frames {
    pub fn of(connections: &Connections) -> Self {
        let mut frames = Self { speakers: BTreeSet::new(), labels: BTreeMap::new() };
        for connection in connections.iter() {
            let Some(http2) = &connection.http2 else { continue };
            frames.speakers.insert(connection.number);
            for frame in &http2.to_origin {
                frames.carry(frame, connection, Direction::ToOrigin);
            }
            for frame in &http2.to_client {
                frames.carry(frame, connection, Direction::ToClient);
            }
        }
        frames
    }

    /// Whether requests on the connection are streams.
    pub fn are_spoken_on(&self, connection: u32) -> bool {
        self.speakers.contains(&connection)
    }

    pub fn label(&self, event: usize) -> Option<&Label> {
        self.labels.get(&event)
    }

    /// A segment is named after the first request or answer in it, else after its first frame.
    fn carry(&mut self, frame: &WireFrame, connection: &Connection, direction: Direction) {
        let Some(sent) = frame.first_sent else { return };
        let label = label(frame, connection.request_on(frame.stream), direction);
        let slot = self.labels.entry(sent.event).or_insert_with(|| label.clone());
        if is_frame(slot) && !is_frame(&label) {
            *slot = label;
        }
    }
}

fn is_frame(label: &Label) -> bool {
    matches!(label, Label::Frame(_) | Label::Pong | Label::Reset(_))
}

fn label(frame: &WireFrame, id: Option<&str>, direction: Direction) -> Label {
    match (&frame.kind, id.map(str::to_owned)) {
        (FrameKind::Data { .. } | FrameKind::Headers { .. }, Some(id)) => match direction {
            Direction::ToOrigin => Label::Request(id),
            Direction::ToClient => Label::Answer(id),
        },
        (FrameKind::Reset { .. }, Some(id)) => Label::Reset(id),
        (FrameKind::Reset { .. }, None) => Label::Frame("RST_STREAM"),
        (FrameKind::Settings { .. } | FrameKind::SettingsAck, _) => Label::Frame("SETTINGS"),
        (FrameKind::PushPromise { .. }, _) => Label::Frame("PUSH_PROMISE"),
        (FrameKind::Ping, _) => Label::Frame("PING"),
        (FrameKind::Pong, _) => Label::Pong,
        (FrameKind::GoAway { .. }, _) => Label::Frame("GOAWAY"),
        (FrameKind::WindowUpdate { .. }, _) => Label::Frame("WINDOW_UPDATE"),
        (FrameKind::Data { .. } | FrameKind::Headers { .. }, None)
        | (FrameKind::Ignored | FrameKind::StreamError { .. } | FrameKind::Malformed { .. }, _) => {
            Label::Bytes
        }
    }
}
