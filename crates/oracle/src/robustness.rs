//! A watchdog may end a run anywhere, and a trace may say anything: no oracle panics over it.

use bytes::Bytes;
use closewait_scenario::{Direction, Protocol, Scenario};
use closewait_trace::http2::testing::{answer, content, frame, goaway, ping, request, rst_stream, settings};
use closewait_trace::http2::{ErrorCode, PREFACE};
use closewait_trace::testing::{TraceBuilder, head, ok_message};
use closewait_trace::{
    BodyEnd, End, ErrorKind, Event, Fate, Outcome, Segment, SocketAtEnd, TlsContent, TlsRecord, Trace, What,
};
use proptest::prelude::*;

use super::tests::scenario;
use super::{ORACLES, Verdict, judge};

proptest! {
    #[test]
    fn any_trace_of_http2_is_judged(trace in any_http2_trace()) {
        let mut limited = Scenario { protocol: Protocol::H2, ..scenario() };
        limited.client.idle_timeout = Some(std::time::Duration::from_millis(5));
        limited.client.max_idle = Some(1);
        for scenario in [Scenario { protocol: Protocol::H2, ..scenario() }, limited] {
            assert_invariants(&scenario, &trace);
        }
    }

    #[test]
    fn any_trace_is_judged(mut trace in any_trace(), records in proptest::collection::vec(any_record(), 0..10)) {
        let mut limited = scenario();
        limited.client.max_idle = Some(1);
        limited.client.max_connections = Some(1);
        limited.client.idle_timeout = Some(std::time::Duration::from_millis(5));
        limited.client.read_timeout = limited.client.idle_timeout;
        limited.client.connect_timeout = limited.client.idle_timeout;
        let of = |protocol| Scenario { protocol, ..limited.clone() };
        for scenario in [scenario(), limited.clone(), of(Protocol::H2), of(Protocol::Https1), of(Protocol::Https2)] {
            let sealed = scenario.protocol.is_tls();
            trace.records = if sealed { records.clone() } else { Vec::new() };
            assert_invariants(&scenario, &trace);
        }
    }
}

fn assert_invariants(scenario: &Scenario, trace: &Trace) {
    let findings = judge(scenario, trace);
    let concerned = ORACLES.iter().filter(|oracle| (oracle.concerns)(scenario.protocol));
    assert_eq!(findings.len(), concerned.count());
    for finding in findings {
        if let Verdict::Violated { violations } = finding.verdict {
            assert!(!violations.is_empty());
            let events = violations.iter().flat_map(|violation| &violation.evidence);
            assert!(events.into_iter().all(|event| *event < trace.events.len()));
        }
    }
}

fn any_trace() -> impl Strategy<Value = Trace> {
    let end = prop_oneof![Just(End::Completed), Just(End::Livelock), Just(End::Stall), Just(End::Hang)];
    let events = proptest::collection::vec((0u64..20, any_event()), 0..60);
    (events, end, any::<bool>()).prop_map(|(steps, end, leaks)| {
        let mut at = 0;
        let event = |(later, what)| {
            at += later;
            Event { at, what }
        };
        let events = steps.into_iter().map(event).collect();
        let socket = SocketAtEnd { connection: Some(1), state: "CLOSE_WAIT".to_owned() };
        Trace {
            events,
            records: Vec::new(),
            end,
            sockets: leaks.then_some(socket).into_iter().collect(),
            panics: Vec::new(),
            retries: None,
            untried: Vec::new(),
            unsupported: None,
        }
    })
}

fn any_event() -> impl Strategy<Value = What> {
    let id = || prop_oneof![Just("a".to_owned()), Just("b".to_owned()), Just("c".to_owned())];
    let method = prop_oneof![Just("GET".to_owned()), Just("POST".to_owned()), Just("HEAD".to_owned())];
    let body =
        || prop_oneof![Just(Bytes::new()), Just(Bytes::from_static(b"x")), Just(Bytes::from_static(b"xy"))];
    prop_oneof![
        2 => (id(), method).prop_map(|(request, method)| What::RequestStarted {
            request, method, path: "/".to_owned(), body: 0
        }),
        1 => id().prop_map(|request| What::RequestCancelled { request }),
        1 => id().prop_map(|request| What::ResponseKept { request }),
        1 => id().prop_map(|request| What::ResponseReadOn { request }),
        2 => (id(), any_outcome()).prop_map(|(request, outcome)| What::RequestFinished { request, outcome }),
        1 => Just(What::ClientClosing),
        1 => (1u32..4, 0u32..4).prop_map(|(connection, unsent)| What::SocketClosed { connection, unsent }),
        1 => (id(), 0u32..4).prop_map(|(request, connection)| What::Executed { request, connection }),
        1 => (id(), 0u32..4, body(), any::<bool>()).prop_map(|(request, connection, body, complete)| What::Replied {
            request, connection, status: 200, body, complete
        }),
        12 => (0u32..4, any::<bool>(), any_fate(), any_segment()).prop_map(
            |(connection, to_origin, fate, segment)| {
                let direction = if to_origin { Direction::ToOrigin } else { Direction::ToClient };
                What::Segment { connection, direction, fate, segment }
            }
        ),
    ]
}

/// Records that overlap, leave gaps, or are where no byte was.
fn any_record() -> impl Strategy<Value = TlsRecord> {
    let content = prop_oneof![
        4 => any_payload().prop_map(|plaintext| TlsContent::ApplicationData { plaintext }),
        2 => prop_oneof![Just("close_notify"), Just("internal_error")]
            .prop_map(|name| TlsContent::Alert { description: name.to_owned() }),
        2 => Just(TlsContent::Handshake { messages: vec!["Finished".to_owned()], alpn: None }),
        1 => any_payload().prop_map(|plaintext| TlsContent::Incomplete { plaintext }),
    ];
    let len = prop_oneof![8 => 0usize..200, 1 => Just(usize::MAX)];
    (0u32..4, any::<bool>(), 0usize..200, len, content).prop_map(
        |(connection, to_origin, offset, len, content)| {
            let direction = if to_origin { Direction::ToOrigin } else { Direction::ToClient };
            TlsRecord { connection, direction, offset, len, content }
        },
    )
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    let failed = BodyEnd::Failed { kind: ErrorKind::Reset, message: String::new() };
    let end = prop_oneof![Just(BodyEnd::Complete), Just(BodyEnd::Dropped), Just(failed)];
    prop_oneof![
        end.prop_map(|end| Outcome::Response { status: 200, body: Bytes::from_static(b"x"), end }),
        Just(Outcome::Error { kind: ErrorKind::Closed, message: String::new() }),
        Just(Outcome::Deadline),
        Just(Outcome::Cancelled),
    ]
}

fn any_fate() -> impl Strategy<Value = Fate> {
    prop_oneof![Just(Fate::Sent), Just(Fate::Delivered), Just(Fate::Forged), Just(Fate::Dropped)]
}

fn any_segment() -> impl Strategy<Value = Segment> {
    let seq = || prop_oneof![8 => Just(1u32), 4 => 0u32..200, 1 => any::<u32>()];
    let flags = proptest::array::uniform4(proptest::bool::weighted(0.2));
    (flags, seq(), seq(), any_payload()).prop_map(|([syn, ack, fin, rst], seq, ack_seq, payload)| Segment {
        syn,
        ack,
        fin,
        rst,
        seq,
        ack_seq,
        window: 0,
        retransmission: false,
        payload,
    })
}

/// Messages, several of them, parts of them, and things that look like them.
fn any_payload() -> impl Strategy<Value = Bytes> {
    let chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx\r\n0\r\n\r\n".to_owned();
    let huge = "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n".to_owned();
    let timeout = "HTTP/1.0 200 OK\r\nKeep-Alive: timeout=18446744073709551615\r\nContent-Length: 1\r\n\r\nx"
        .to_owned();
    let message = prop_oneof![
        Just(head("a", "GET")),
        Just(head("b", "POST")),
        Just(ok_message("x")),
        Just(chunked),
        Just(huge),
        Just(timeout),
        Just("\r\n".to_owned()),
        "\\PC{0,8}",
    ];
    let messages =
        proptest::collection::vec(message, 0..3).prop_map(|messages| messages.concat().into_bytes());
    (messages, any::<prop::sample::Index>(), any::<bool>()).prop_map(|(mut bytes, cut, whole)| {
        if !whole {
            bytes.truncate(cut.index(bytes.len() + 1));
        }
        Bytes::from(bytes)
    })
}

/// Two connections with streams of frames, some of them cut, repeated or with a bit flipped, among other events.
fn any_http2_trace() -> impl Strategy<Value = Trace> {
    let happening = (0u64..9, any::<bool>(), 1u32..3, any::<bool>(), any_frames());
    let steps = proptest::collection::vec((happening, any_event()), 0..30);
    steps.prop_map(|steps| {
        let open = |trace: TraceBuilder, connection| trace.h2_open(0, connection, &[(3, 2)]);
        let (mut trace, mut at) = ((1..3).fold(TraceBuilder::new(), open), 0);
        let mut others = Vec::new();
        for ((later, arrives, connection, to_origin, frames), what) in steps {
            at += later;
            trace = match (to_origin, arrives) {
                (true, false) => trace.client_sends(at, connection, frames),
                (true, true) => trace.client_sends(at, connection, frames).origin_gets(at, connection),
                (false, false) => trace.origin_sends(at, connection, frames),
                (false, true) => trace.bytes(at, connection, frames),
            };
            others.push(Event { at, what });
        }
        let mut trace = trace.build();
        trace.events.extend(others);
        trace.events.sort_by_key(|event| event.at);
        trace
    })
}

fn any_frames() -> impl Strategy<Value = Vec<u8>> {
    let stream = || prop_oneof![Just(1u32), Just(3), Just(5), 0u32..9];
    let id = || prop_oneof![Just("a"), Just("b"), Just("c")];
    let one = prop_oneof![
        4 => (stream(), id(), any::<bool>()).prop_map(|(s, id, end)| request(s, id, "POST", u8::from(end))),
        4 => stream().prop_map(|stream| answer(stream, "x")),
        2 => (stream(), any::<bool>()).prop_map(|(stream, end)| content(stream, "x", u8::from(end))),
        2 => (stream(), 0u32..14).prop_map(|(stream, code)| rst_stream(stream, ErrorCode(code))),
        2 => (stream(), 0u32..14).prop_map(|(stream, code)| goaway(stream, ErrorCode(code))),
        1 => any::<bool>().prop_map(ping),
        1 => (0u16..7, any::<u32>()).prop_map(|(setting, value)| settings(&[(setting, value)])),
        1 => (0u8..12, any::<u8>(), stream(), any::<[u8; 6]>()).prop_map(|(k, f, s, body)| frame(k, f, s, &body)),
        1 => Just(PREFACE.to_vec()),
    ];
    let place = || any::<prop::sample::Index>();
    let damage = prop_oneof![3 => Just(0u8), 1 => Just(1), 1 => Just(2)];
    (proptest::collection::vec(one, 1..4), damage, place(), 0u8..8).prop_map(
        |(frames, damage, place, bit)| {
            let mut bytes = frames.concat();
            match damage {
                1 => bytes.truncate(place.index(bytes.len())),
                2 => {
                    let place = place.index(bytes.len());
                    bytes[place] ^= 1 << bit;
                }
                _ => {}
            }
            bytes
        },
    )
}
