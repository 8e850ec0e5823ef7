//! What is asked of the frames of a connection again and again, taken out of them once.

use std::collections::BTreeMap;

use super::wire::{FrameKind, WireFrame};
use super::{GoAway, Setting};
use crate::Moment;

/// The frames that judges ask for, each kind by itself, in the order of the wire.
#[derive(Debug, Clone, Default)]
pub(super) struct News {
    /// Of the origin.
    pub goaways: Vec<GoAway>,
    /// Of the client, as they were sent.
    pub pings: Vec<Moment>,
    /// Of the origin, as they were delivered.
    pub settings: Vec<(Moment, Setting, u32)>,
    /// The first SETTINGS of the origin were delivered.
    pub settled: Option<Moment>,
    /// How much content the client sent, and when, by stream.
    pub content: BTreeMap<u32, Vec<(Moment, usize)>>,
    /// The index of its exchange, by stream.
    pub streams: BTreeMap<u32, usize>,
}

impl News {
    pub fn of(to_origin: &[WireFrame], to_client: &[WireFrame], streams: BTreeMap<u32, usize>) -> Self {
        let mut news = Self { streams, ..Self::default() };
        for frame in to_origin {
            news.read_from_client(frame);
        }
        for frame in to_client {
            news.read_from_origin(frame);
        }
        let settings = to_client.iter().find(|frame| matches!(frame.kind, FrameKind::Settings { .. }));
        news.settled = settings.and_then(|frame| frame.delivered);
        news
    }

    fn read_from_client(&mut self, frame: &WireFrame) {
        match (&frame.kind, frame.first_sent) {
            (FrameKind::Ping, Some(sent)) => self.pings.push(sent),
            (FrameKind::Data { content, .. }, Some(sent)) => {
                self.content.entry(frame.stream).or_default().push((sent, content.len()));
            }
            _ => {}
        }
    }

    fn read_from_origin(&mut self, frame: &WireFrame) {
        match (&frame.kind, frame.delivered) {
            (FrameKind::GoAway { last_stream, code }, delivered) => self.goaways.push(GoAway {
                last_stream: *last_stream,
                code: *code,
                sent: frame.first_sent,
                delivered,
            }),
            (FrameKind::Settings { values }, Some(delivered)) => {
                self.settings.extend(values.iter().map(|(setting, value)| (delivered, *setting, *value)));
            }
            _ => {}
        }
    }
}
