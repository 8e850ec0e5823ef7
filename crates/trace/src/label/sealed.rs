//! What a segment of a TLS connection is: the records that end in it.

use super::Label;
use super::reading::{Reading, Stretch, end_of};
use crate::{Direction, Segment, TlsContent, TlsRecord};

impl Reading {
    /// What TLS itself says in a segment.
    pub(super) fn signals(&self, direction: Direction, segment: &Segment) -> Vec<Label> {
        let records = self.ending_in(direction, segment).into_iter();
        let signals = records.filter_map(|record| match record.content {
            TlsContent::Handshake { messages, .. } => Some(Label::Handshake(messages)),
            TlsContent::Alert { description } => Some(Label::Alert(description)),
            _ => None,
        });
        signals.collect()
    }

    fn ending_in(&self, direction: Direction, segment: &Segment) -> Vec<TlsRecord> {
        let ends_here = |record: &&TlsRecord| {
            let end = end(record);
            record.direction == direction && segment.seq < end && end <= end_of(segment)
        };
        self.records.iter().filter(ends_here).cloned().collect()
    }

    /// What a segment brings, record by record.
    pub(super) fn sealed_labels(&mut self, direction: Direction, segment: &Segment) -> Vec<Label> {
        let records = self.ending_in(direction, segment);
        if records.is_empty() {
            return vec![Label::Fragment];
        }
        records.iter().map(|record| self.sealed_label(record)).collect()
    }

    fn sealed_label(&mut self, record: &TlsRecord) -> Label {
        let start = sequence(record.offset);
        if let Some(known) = self.known(record.direction, start) {
            return known;
        }
        let label = match &record.content {
            TlsContent::ApplicationData { plaintext } => self.learn_data(record.direction, plaintext),
            TlsContent::Handshake { messages, .. } => Label::Handshake(messages.clone()),
            TlsContent::ChangeCipherSpec => Label::Handshake(vec!["ChangeCipherSpec".to_owned()]),
            TlsContent::Alert { description } => Label::Alert(description.clone()),
            TlsContent::Incomplete { .. } | TlsContent::Unreadable => Label::Bytes,
        };
        self.remember(record.direction, Stretch { start, end: end(record), label: label.clone() });
        label
    }
}

/// The sequence number of a byte: number 0 is the SYN.
fn sequence(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX).saturating_add(1)
}

fn end(record: &TlsRecord) -> u32 {
    sequence(record.offset.saturating_add(record.len))
}
