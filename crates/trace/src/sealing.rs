//! A trace over TLS from one without, for tests: what holds of the one must hold of the other.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::{Direction, Event, Fate, Segment, TlsContent, TlsRecord, Trace, What};

/// How many bytes the client's Finished takes.
const FINISHED: u32 = 10;

/// The same trace, each stretch of payload in a record of its own and masked, and a handshake after each SYN-ACK.
/// The bytes of an alert are those that [`alert`] makes.
pub fn sealed(plain: Trace) -> Trace {
    let mut records = Vec::new();
    let mut known = BTreeSet::new();
    let mut events = Vec::new();
    for Event { at, mut what } in plain.events {
        let mut handshake = None;
        if let What::Segment { connection, direction, fate, segment } = &mut what {
            if segment.syn && segment.ack && *fate == Fate::Delivered {
                handshake = Some(*connection);
            }
            move_behind_handshake(*direction, segment);
            if *fate == Fate::Sent && known.insert((*connection, *direction, segment.seq)) {
                records.extend(record(*connection, *direction, segment));
            }
            segment.payload = Bytes::from(vec![0; segment.payload.len()]);
        }
        events.push(Event { at, what });
        if let Some(connection) = handshake {
            let (record, happened) = finished(connection);
            records.push(record);
            events.extend(happened.map(|what| Event { at, what }));
        }
    }
    Trace { events, records, ..plain }
}

/// The same, with more to the client's last record on connection 1 than was ever sent of it. What it carries can be told, or
/// cannot.
pub fn sealed_in_part(plain: Trace, is_data: bool) -> Trace {
    let mut trace = sealed(plain);
    let own = |record: &&mut TlsRecord| record.connection == 1 && record.direction == Direction::ToOrigin;
    let record = trace.records.iter_mut().rfind(own).expect("the client has sent something");
    let TlsContent::ApplicationData { plaintext } = &record.content else {
        panic!("the last record is data")
    };
    let plaintext = if is_data { plaintext.clone() } else { Bytes::new() };
    (record.content, record.len) = (TlsContent::Incomplete { plaintext }, record.len + 100);
    trace
}

/// What [`sealed`] takes for an alert of this name.
pub fn alert(name: &str) -> String {
    format!("{ALERT}{name}")
}

const ALERT: &str = "alert: ";

fn move_behind_handshake(direction: Direction, segment: &mut Segment) {
    let number = match direction {
        Direction::ToOrigin => &mut segment.seq,
        Direction::ToClient => &mut segment.ack_seq,
    };
    if *number > 0 {
        *number += FINISHED;
    }
}

fn record(connection: u32, direction: Direction, segment: &Segment) -> Option<TlsRecord> {
    let text = String::from_utf8_lossy(&segment.payload);
    let content = match text.strip_prefix(ALERT) {
        Some(name) => TlsContent::Alert { description: name.to_owned() },
        None => TlsContent::ApplicationData { plaintext: segment.payload.clone() },
    };
    let (offset, len) = (segment.seq.checked_sub(1)? as usize, segment.payload.len());
    (len > 0).then_some(TlsRecord { connection, direction, offset, len, content })
}

fn finished(connection: u32) -> (TlsRecord, [What; 2]) {
    let messages = vec!["Finished".to_owned()];
    let record = TlsRecord {
        connection,
        direction: Direction::ToOrigin,
        offset: 0,
        len: FINISHED as usize,
        content: TlsContent::Handshake { messages, alpn: None },
    };
    let payload = Bytes::from(vec![0; FINISHED as usize]);
    let segment = Segment { seq: 1, payload, ..Segment::default() };
    let happened = [Fate::Sent, Fate::Delivered].map(|fate| What::Segment {
        connection,
        direction: Direction::ToOrigin,
        fate,
        segment: segment.clone(),
    });
    (record, happened)
}
