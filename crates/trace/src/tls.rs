//! TLS connections: their plain text as a pair of flows, and what TLS itself says.

use std::collections::BTreeMap;

use super::{Direction, Event, Flow, Moment, Passage, TlsContent, TlsRecord, Track, What};

/// What a TLS connection carried.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// What HTTP wrote to the origin. Its `fin` is the client's close_notify.
    pub to_origin: Flow,
    /// What HTTP wrote to the client. Its `fin` is the origin's close_notify: only that ends the data.
    pub to_client: Flow,
    /// The client sent its Finished: requests can be written from here on.
    pub established: Option<Moment>,
    /// The protocol that the origin chose by ALPN.
    pub alpn: Option<String>,
    /// The origin's first fatal alert.
    pub alert: Option<Alert>,
    /// The client's first fatal alert.
    pub client_alert: Option<Alert>,
}

/// An alert other than close_notify.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Its name in RFC 8446 section 6.
    pub description: String,
    /// Its way.
    pub passage: Passage,
}

/// Every byte that an end put on the wire, by connection and direction, each once.
pub fn sent_bytes(events: &[Event]) -> BTreeMap<(u32, Direction), Vec<u8>> {
    let mut flows: BTreeMap<(u32, Direction), Flow> = BTreeMap::new();
    for (event, entry) in events.iter().enumerate() {
        if let What::Segment { connection, direction, fate, segment } = &entry.what {
            let now = Moment { event, at: entry.at };
            flows.entry((*connection, *direction)).or_default().observe(*fate, segment, now);
        }
    }
    flows.into_iter().map(|(key, flow)| (key, flow.sent.bytes().to_vec())).collect()
}

impl Tls {
    /// Reads the records of one connection; `None` if it has none.
    pub(super) fn of<'r>(
        records: impl Iterator<Item = &'r TlsRecord>,
        to_origin: &Flow,
        to_client: &Flow,
    ) -> Option<Self> {
        let mut tls = Self::default();
        let mut any = false;
        for record in records {
            any = true;
            match record.direction {
                Direction::ToOrigin => tls.read(record, to_origin),
                Direction::ToClient => tls.read(record, to_client),
            }
        }
        tls.to_origin.take_resets_of(to_origin);
        tls.to_client.take_resets_of(to_client);
        any.then_some(tls)
    }

    fn read(&mut self, record: &TlsRecord, raw: &Flow) {
        let plain = match record.direction {
            Direction::ToOrigin => &mut self.to_origin,
            Direction::ToClient => &mut self.to_client,
        };
        let ways = Ways::of(record, raw);
        match &record.content {
            // What comes after close_notify is to be ignored (RFC 8446 section 6.1).
            TlsContent::ApplicationData { .. } | TlsContent::Incomplete { .. }
                if plain.fin != Passage::default() => {}
            TlsContent::ApplicationData { plaintext } => ways.carry(plaintext, plain),
            // It was written and nobody can read it: the sender knows the one, and nobody the other.
            TlsContent::Incomplete { plaintext } => {
                if let Some(begun) = raw.sent.moment_of(record.offset) {
                    plain.sent.push(plaintext, begun);
                }
            }
            TlsContent::Alert { description } if description == "close_notify" => {
                // Only the first one ends anything.
                plain.fin = if plain.fin == Passage::default() { ways.passage() } else { plain.fin };
            }
            TlsContent::Alert { description } => {
                let alert = match record.direction {
                    Direction::ToOrigin => &mut self.client_alert,
                    Direction::ToClient => &mut self.alert,
                };
                let new = Alert { description: description.clone(), passage: ways.passage() };
                alert.get_or_insert(new);
            }
            TlsContent::Handshake { messages, alpn } => {
                if record.direction == Direction::ToOrigin && messages.iter().any(|name| name == "Finished") {
                    self.established = ways.sent.map(|(_, last)| last);
                }
                self.alpn = self.alpn.take().or_else(|| alpn.clone());
            }
            _ => {}
        }
    }
}

/// When the first and the last byte of a record were sent, and when its last was delivered: before that nothing
/// of it can be read.
struct Ways {
    sent: Option<(Moment, Moment)>,
    delivered: Option<Moment>,
}

impl Ways {
    fn of(record: &TlsRecord, raw: &Flow) -> Self {
        let last = record.offset.saturating_add(record.len.saturating_sub(1));
        let ends = |track: &Track| Some((track.moment_of(record.offset)?, track.moment_of(last)?));
        Self { sent: ends(&raw.sent), delivered: ends(&raw.delivered).map(|(_, last)| last) }
    }

    fn passage(&self) -> Passage {
        Passage { sent: self.sent.map(|(_, last)| last), delivered: self.delivered }
    }

    /// Writes begin with the first byte of their record and end with its last.
    fn carry(&self, plaintext: &[u8], plain: &mut Flow) {
        if let Some((first, last)) = self.sent {
            let begun = plaintext.len().saturating_sub(1).max(1).min(plaintext.len());
            plain.sent.push(&plaintext[..begun], first);
            plain.sent.push(&plaintext[begun..], last);
        }
        if let Some(delivered) = self.delivered {
            plain.delivered.push(plaintext, delivered);
        }
    }
}
