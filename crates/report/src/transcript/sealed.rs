//! What a segment of a TLS connection is: the records that end in it.

use closewait_trace::{Direction, Segment, TlsContent, TlsRecord};

use super::connection::{Connection, Item, Stretch, end_of};

impl Connection {
    /// What TLS itself says in a segment.
    pub(super) fn sealed_signals(&mut self, direction: Direction, segment: &Segment) -> Vec<Item> {
        let signals =
            self.ending_in(direction, segment).into_iter().filter_map(|record| match record.content {
                TlsContent::Handshake { messages, alpn } => {
                    self.alpn = self.alpn.take().or(alpn);
                    Some(Item::Handshake(messages.join(", ")))
                }
                TlsContent::Alert { description } => Some(Item::Alert(description)),
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
    pub(super) fn sealed_items(&mut self, direction: Direction, segment: &Segment) -> Vec<Item> {
        let records = self.ending_in(direction, segment);
        if records.is_empty() {
            return vec![Item::Fragment];
        }
        records.iter().map(|record| self.sealed_item(record)).collect()
    }

    fn sealed_item(&mut self, record: &TlsRecord) -> Item {
        let start = sequence(record.offset);
        if let Some(known) = self.known(record.direction, start) {
            return known;
        }
        let item = match &record.content {
            TlsContent::ApplicationData { plaintext } => self.learn_data(record.direction, plaintext),
            TlsContent::Handshake { messages, alpn } => {
                self.alpn = self.alpn.take().or_else(|| alpn.clone());
                Item::Handshake(messages.join(", "))
            }
            TlsContent::ChangeCipherSpec => Item::Handshake("ChangeCipherSpec".to_owned()),
            TlsContent::Alert { description } => Item::Alert(description.clone()),
            TlsContent::Incomplete { .. } | TlsContent::Unreadable => Item::Bytes,
        };
        self.remember(record.direction, Stretch { start, end: end(record), item: item.clone() });
        item
    }
}

/// The sequence number of a byte: number 0 is the SYN.
fn sequence(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX).saturating_add(1)
}

fn end(record: &TlsRecord) -> u32 {
    sequence(record.offset.saturating_add(record.len))
}
