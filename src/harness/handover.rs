//! A trace as bytes, from one process to another, or why there is none.

use bytes::Bytes;
use closewait_trace::{Broken, Event, Outcome, TlsContent, TlsRecord, Trace, What};

/// JSON without the payloads, which would be a number for each byte, and the payloads behind it.
pub(super) fn pack(mut played: Result<Trace, Broken>) -> Vec<u8> {
    let payloads: Vec<Bytes> = played.iter_mut().flat_map(payloads_of).map(std::mem::take).collect();
    let lengths: Vec<usize> = payloads.iter().map(Bytes::len).collect();
    let mut packed =
        serde_json::to_vec(&(lengths, played)).expect("a trace has only string keys, so it is JSON");
    payloads.iter().for_each(|payload| packed.extend_from_slice(payload));
    packed
}

/// # Errors
/// If [`pack`] did not write it.
pub(super) fn unpack(packed: Vec<u8>) -> serde_json::Result<Result<Trace, Broken>> {
    let packed = Bytes::from(packed);
    let mut values = serde_json::Deserializer::from_slice(&packed).into_iter();
    let (lengths, mut played): (Vec<usize>, Result<Trace, Broken>) =
        values.next().unwrap_or_else(|| serde_json::from_str(""))?;
    let mut rest = packed.slice(values.byte_offset()..);
    for (payload, length) in played.iter_mut().flat_map(payloads_of).zip(lengths) {
        *payload = rest.split_to(length.min(rest.len()));
    }
    Ok(played)
}

fn payloads_of(trace: &mut Trace) -> impl Iterator<Item = &mut Bytes> {
    trace.events.iter_mut().filter_map(of_event).chain(trace.records.iter_mut().filter_map(of_record))
}

fn of_event(event: &mut Event) -> Option<&mut Bytes> {
    match &mut event.what {
        What::Segment { segment, .. } => Some(&mut segment.payload),
        What::RequestFinished { outcome: Outcome::Response { body, .. }, .. }
        | What::Replied { body, .. } => Some(body),
        _ => None,
    }
}

fn of_record(record: &mut TlsRecord) -> Option<&mut Bytes> {
    match &mut record.content {
        TlsContent::ApplicationData { plaintext } | TlsContent::Incomplete { plaintext } => Some(plaintext),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use closewait_trace::{BodyEnd, Direction, End, Fate, Retries, Segment};

    use super::*;

    #[test]
    fn what_is_unpacked_is_what_was_packed() {
        let body = |text: &'static str| Bytes::from_static(text.as_bytes());
        let segment = Segment { ack: true, seq: 1, payload: body("GET / HTTP/1.1"), ..Segment::default() };
        let (direction, fate, request) = (Direction::ToOrigin, Fate::Sent, "a".to_owned());
        let outcome = Outcome::Response { status: 200, body: body("{\"\\u00e9"), end: BodyEnd::Complete };
        let content = TlsContent::ApplicationData { plaintext: body("[1]") };
        let events = [
            What::ClientClosing,
            What::Segment { connection: 1, direction, fate, segment: Segment::default() },
            What::Segment { connection: 1, direction, fate, segment },
            What::RequestFinished { request, outcome },
        ];
        let trace = Trace {
            events: events.into_iter().map(|what| Event { at: 7, what }).collect(),
            records: vec![TlsRecord { connection: 1, direction, offset: 3, len: 4, content }],
            end: End::Panic { message: "\"".to_owned() },
            sockets: Vec::new(),
            panics: vec!["by the way".to_owned()],
            retries: Some(Retries::Attempts(3)),
            untried: Vec::new(),
            unsupported: None,
        };
        for played in [Ok(trace), Err(Broken::Machine("no descriptor".to_owned()))] {
            assert_eq!(unpack(pack(played.clone())).expect("it was packed"), played);
        }
        assert!(unpack(Vec::new()).is_err() && unpack(b"[[],".to_vec()).is_err());
    }
}
