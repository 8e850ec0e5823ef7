//! What is remembered of one connection: whose bytes are where in either direction.

use std::collections::VecDeque;

use super::Label;
use crate::{Direction, Segment, TlsRecord};

/// A request id whose line is split between segments is found if the line is not longer, bytes.
const LONGEST_LINE: usize = 256;

/// Bytes that belong together, by relative sequence numbers.
#[derive(Debug)]
pub(super) struct Stretch {
    pub start: u32,
    pub end: u32,
    pub label: Label,
}

/// One connection.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Requests of which bytes were written, in order.
    pub written: Vec<String>,
    /// TLS: what the segments carry.
    pub records: Vec<TlsRecord>,
    to_origin: Vec<Stretch>,
    to_client: Vec<Stretch>,
    unasked: VecDeque<Vec<u8>>,
    answered: usize,
    delivered: Vec<String>,
    head: Vec<u8>,
}

impl Reading {
    /// The script makes the origin send these bytes.
    pub fn expect_unasked(&mut self, bytes: &[u8]) {
        self.unasked.push_back(bytes.to_vec());
    }

    /// The origin has written an answer to a request.
    pub fn answered(&mut self, request: &str) {
        if let Some(place) = self.written.iter().rposition(|id| id == request) {
            self.answered = place + 1;
        }
    }

    /// What a segment is; more than one thing only under TLS. New bytes are remembered, so that a retransmission
    /// or a delivery finds them again.
    pub fn labels(&mut self, direction: Direction, segment: &Segment) -> Vec<Label> {
        if segment.rst {
            return vec![Label::Rst];
        }
        if segment.syn {
            return vec![Label::Syn];
        }
        if segment.payload.is_empty() {
            return segment.fin.then_some(Label::Fin).into_iter().collect();
        }
        if !self.records.is_empty() {
            return self.sealed_labels(direction, segment);
        }
        vec![self.known(direction, segment.seq).unwrap_or_else(|| self.learn(direction, segment))]
    }

    /// A segment carries this: for a retransmission or a delivery to find it again.
    pub fn carries(&mut self, direction: Direction, segment: &Segment, label: Label) {
        self.remember(direction, Stretch { start: segment.seq, end: end_of(segment), label });
    }

    /// What was carried last in this direction.
    pub fn last(&self, direction: Direction) -> Option<Label> {
        self.stretches(direction).last().map(|stretch| stretch.label.clone())
    }

    /// Whether a segment brings the client the last byte of an answer, for the first time.
    pub fn completes_answer(&mut self, request: &str, segment: &Segment) -> bool {
        let end = end_of(segment);
        let label = Label::Answer(request.to_owned());
        let whole = self.written[..self.answered].iter().any(|id| id == request)
            && self
                .to_client
                .iter()
                .filter(|stretch| stretch.label == label)
                .all(|stretch| stretch.end <= end);
        let first = whole && !self.delivered.iter().any(|id| id == request);
        if first {
            self.delivered.push(request.to_owned());
        }
        first
    }

    /// The answer that the origin would have to write next, if a request waits for one.
    fn awaited(&self) -> Option<&String> {
        self.written.get(self.answered).or_else(|| self.written.last())
    }

    fn stretches(&self, direction: Direction) -> &[Stretch] {
        match direction {
            Direction::ToOrigin => &self.to_origin,
            Direction::ToClient => &self.to_client,
        }
    }

    pub(super) fn known(&self, direction: Direction, seq: u32) -> Option<Label> {
        self.stretches(direction).iter().find(|s| s.start <= seq && seq < s.end).map(|s| s.label.clone())
    }

    fn learn(&mut self, direction: Direction, segment: &Segment) -> Label {
        let label = self.learn_data(direction, &segment.payload);
        self.remember(direction, Stretch { start: segment.seq, end: end_of(segment), label: label.clone() });
        label
    }

    /// Whose bytes of HTTP these are.
    pub(super) fn learn_data(&mut self, direction: Direction, bytes: &[u8]) -> Label {
        match direction {
            Direction::ToOrigin => self.learn_request(bytes),
            Direction::ToClient => self.learn_answer(bytes),
        }
    }

    pub(super) fn remember(&mut self, direction: Direction, stretch: Stretch) {
        match direction {
            Direction::ToOrigin => self.to_origin.push(stretch),
            Direction::ToClient => self.to_client.push(stretch),
        }
    }

    /// Bytes belong to the request whose head came last.
    fn learn_request(&mut self, payload: &[u8]) -> Label {
        self.head.extend_from_slice(payload);
        let start = match last_request_id(&self.head) {
            Some((id, end)) => {
                self.written.push(id);
                end
            }
            None => self.head.len().saturating_sub(LONGEST_LINE),
        };
        self.head.drain(..start);
        self.written.last().map_or(Label::Bytes, |id| Label::Request(id.clone()))
    }

    fn learn_answer(&mut self, payload: &[u8]) -> Label {
        if let Some(bytes) = self.unasked.front_mut() {
            let common = payload.len().min(bytes.len());
            if payload[..common] == bytes[..common] {
                bytes.drain(..common);
                if bytes.is_empty() {
                    self.unasked.pop_front();
                }
                return Label::Unasked;
            }
        }
        self.awaited().map_or(Label::Bytes, |id| Label::Answer(id.clone()))
    }
}

pub(super) fn end_of(segment: &Segment) -> u32 {
    segment.seq.wrapping_add(u32::try_from(segment.payload.len()).unwrap_or(u32::MAX))
}

/// The value of the last whole `x-request-id` line, and where it ends.
fn last_request_id(bytes: &[u8]) -> Option<(String, usize)> {
    const NAME: &[u8] = b"\r\nx-request-id:";
    let start = bytes.windows(NAME.len()).rposition(|window| window.eq_ignore_ascii_case(NAME))? + NAME.len();
    let length = bytes[start..].iter().position(|byte| *byte == b'\r')?;
    let value = String::from_utf8_lossy(&bytes[start..start + length]).trim().to_owned();
    Some((value, start + length))
}
