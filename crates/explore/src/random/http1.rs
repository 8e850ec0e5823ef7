//! What clients and origins do to each other under HTTP/1.1.

use std::time::Duration;

use closewait_scenario::{AfterReply, BodySource, Cut, Framing, HttpVersion, Reply, SourceEnd};
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;

use super::plan::{Answer, Fault, Sending};
use super::times::{deadline, pick, short};

/// A request that the application waits for, or not.
pub(super) fn sending(background: bool) -> BoxedStrategy<Sending> {
    let method = prop_oneof![
        6 => Just(("GET", 0, WHOLE)),
        2 => Just(("POST", 100, WHOLE)),
        1 => Just(("POST", 0, WHOLE)),
        1 => Just(("PUT", 100, WHOLE)),
        1 => Just(("POST", 100_000, WHOLE)),
        1 => Just(("HEAD", 0, WHOLE)),
        1 => Just(("DELETE", 0, WHOLE)),
        2 => streamed(),
    ];
    let read = weighted(0.06, select(vec![0, 1, 5]));
    let hold = if background { 0.3 } else { 0.0 };
    (
        method,
        weighted(0.4, answer()),
        deadline(),
        read,
        proptest::bool::weighted(hold),
        proptest::bool::weighted(0.03),
    )
        .prop_map(move |((method, body, source), answer, deadline, read, hold, asks_to_close)| Sending {
            method,
            body,
            source,
            asks_to_close,
            background,
            deadline,
            read,
            answer,
            hold,
            reset: None,
        })
        .boxed()
}

const WHOLE: BodySource = BodySource::WHOLE;

/// Method, length and source of a body that is not.
pub(super) fn streamed() -> impl Strategy<Value = (&'static str, u32, BodySource)> {
    let slow = BodySource { piece: Some(40), pause: Duration::from_millis(30), ..WHOLE };
    let open = BodySource { content_length: false, ..slow };
    let fails = BodySource { end: SourceEnd::Fails(40), ..open };
    let long = BodySource { piece: Some(10_000), pause: Duration::from_millis(5), ..WHOLE };
    select(vec![
        ("POST", 100, slow),
        ("PUT", 100, open),
        ("POST", 100, fails),
        ("PUT", 100, BodySource { content_length: true, ..fails }),
        ("POST", 100, BodySource { end: SourceEnd::Stalls(40), ..open }),
        ("POST", 100_000, long),
    ])
}

/// A request whose whole use is to see what became of the connection.
pub(super) fn probe() -> BoxedStrategy<Sending> {
    let plain = |method, body| Sending {
        method,
        body,
        source: WHOLE,
        asks_to_close: false,
        background: false,
        deadline: None,
        read: None,
        answer: None,
        hold: false,
        reset: None,
    };
    prop_oneof![3 => Just(plain("GET", 0)), 1 => Just(plain("POST", 100))].boxed()
}

/// A few answers as they should be, and every way to get one wrong.
pub(super) fn answer() -> BoxedStrategy<Answer> {
    let late = short().prop_map(|delay| Answer { reply: ok(), delay: Some(delay), large: None });
    let other = prop_oneof![
        2 => closed_on_receipt(),
        2 => cut_short(),
        2 => ended_after(),
        2 => says_close(),
        2 => keep_alive(),
        1 => old_version(),
        1 => surplus(),
        1 => early(),
        1 => shape(),
        1 => malformed(),
    ];
    let other =
        (other, weighted(0.2, short())).prop_map(|(reply, delay)| Answer { reply, delay, large: None });
    prop_oneof![2 => late, 5 => other].boxed()
}

/// Bytes that nobody asked for, and other ends of a connection that only HTTP/1.1 has.
pub(super) fn fault() -> BoxedStrategy<Fault> {
    let bytes = select(UNASKED.to_vec());
    prop_oneof![
        3 => pick().prop_map(Fault::Fin),
        1 => pick().prop_map(Fault::Rst),
        1 => pick().prop_map(Fault::Close),
        2 => (pick(), bytes).prop_map(|(on, bytes)| Fault::Bytes(on, bytes)),
    ]
    .boxed()
}

const UNASKED: [&str; 5] = [
    "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstale",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nst",
    "\r\n",
    "x",
];

fn ok() -> Reply {
    Reply::default_for("")
}

fn end() -> impl Strategy<Value = AfterReply> + Clone {
    select(vec![AfterReply::Fin, AfterReply::Close, AfterReply::Rst])
}

/// The origin closes where it should have answered, once, twice or for ever.
fn closed_on_receipt() -> impl Strategy<Value = Reply> {
    (select(vec![1, 1, 1, 2, 100]), end()).prop_map(|(times, then)| Reply {
        times,
        then,
        cut: Some(Cut::Byte(0)),
        ..ok()
    })
}

fn cut_short() -> impl Strategy<Value = Reply> {
    let points = vec![
        (Framing::Length, Cut::StatusLine),
        (Framing::Length, Cut::Header(1)),
        (Framing::Length, Cut::Head),
        (Framing::Length, Cut::Body(5)),
        (Framing::Length, Cut::Byte(7)),
        (Framing::Chunked, Cut::Head),
        (Framing::Chunked, Cut::Body(5)),
        (Framing::Chunked, Cut::LastChunk),
    ];
    let then = prop_oneof![3 => end(), 1 => Just(AfterReply::Keep)];
    (select(points), then).prop_map(|((framing, cut), then)| Reply {
        framing,
        body: Some("0123456789".to_owned()),
        cut: Some(cut),
        then,
        ..ok()
    })
}

fn ended_after() -> impl Strategy<Value = Reply> {
    (select(vec![Framing::Length, Framing::Chunked, Framing::Close]), end())
        .prop_map(|(framing, then)| Reply { framing, then, ..ok() })
}

fn says_close() -> impl Strategy<Value = Reply> {
    let lines = vec![
        &["Connection: close"][..],
        &["connection: Close"],
        &["Connection: x, close"],
        &["Connection: x", "Connection: close"],
    ];
    (select(lines), select(vec![200, 200, 500]), prop_oneof![1 => Just(AfterReply::Keep), 1 => end()])
        .prop_map(|(lines, status, then)| Reply { headers: headers(lines), status, then, ..ok() })
}

fn keep_alive() -> impl Strategy<Value = Reply> {
    let lines =
        vec![&["Keep-Alive: timeout=1"][..], &["Keep-Alive: timeout=2"], &["Keep-Alive: timeout=5, max=100"]];
    select(lines).prop_map(|lines| Reply { headers: headers(lines), ..ok() })
}

fn old_version() -> impl Strategy<Value = Reply> {
    (select(vec![&[][..], &["Connection: keep-alive"]]), prop_oneof![2 => Just(AfterReply::Keep), 1 => end()])
        .prop_map(|(lines, then)| Reply {
            headers: headers(lines),
            version: HttpVersion::Http10,
            then,
            ..ok()
        })
}

fn surplus() -> impl Strategy<Value = Reply> {
    select(UNASKED.to_vec()).prop_map(|bytes| Reply { surplus: bytes.as_bytes().to_vec(), ..ok() })
}

/// What is no HTTP, or only nearly.
fn malformed() -> impl Strategy<Value = Reply> {
    let chunked = &["Transfer-Encoding: chunked"][..];
    let answers = vec![
        (chunked, "5\r\nhello\r\n\r\n\r\n"),
        (chunked, "10000000000000005\r\nhello\r\n0\r\n\r\n"),
        (chunked, "5\r\nhello!\r\n0\r\n\r\n"),
        (&["Content-Length: 5", "Content-Length: 4"], "hello"),
        (&["Content-Length: +5"], "hello"),
        (&["Content-Length: 5", "Content-Length: 5"], "hello"),
    ];
    (select(answers), prop_oneof![2 => Just(AfterReply::Keep), 1 => end()]).prop_map(
        |((lines, rest), then)| {
            // As it is said of a body that the connection ends, nothing is added to what the header lines say.
            let body = Some(rest.to_owned());
            Reply { headers: headers(lines), framing: Framing::Close, body, then, ..ok() }
        },
    )
}

fn early() -> impl Strategy<Value = Reply> {
    (select(vec![200, 401, 413]), prop_oneof![1 => Just(AfterReply::Keep), 1 => end()])
        .prop_map(|(status, then)| Reply { early: true, status, then, ..ok() })
}

/// Nothing wrong with these: a client must cope all the same.
fn shape() -> impl Strategy<Value = Reply> {
    let statuses = vec![204, 304, 408, 500, 503];
    let chunked = Reply { framing: Framing::Chunked, ..ok() };
    let empty = Reply { body: Some(String::new()), ..ok() };
    let bare = select(statuses).prop_map(|status| Reply {
        status,
        framing: if matches!(status, 204 | 304) { Framing::None } else { Framing::Length },
        ..ok()
    });
    prop_oneof![Just(chunked), Just(empty), bare]
}

fn headers(lines: &[&str]) -> Vec<(String, String)> {
    let pair = |line: &&str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
    lines.iter().filter_map(pair).collect()
}
