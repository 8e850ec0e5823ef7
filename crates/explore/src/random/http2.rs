//! What clients and origins do to each other under HTTP/2.

use closewait_scenario::{AfterReply, Cut, ErrorCode, Framing, LastStream, Pings, Reply};
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;

use super::http1;
use super::plan::{Answer, Fault, Sending, StreamReset};
use super::times::{deadline, idle, pick, short};

/// A request that the application waits for, or not.
pub(super) fn sending(background: bool) -> BoxedStrategy<Sending> {
    let method = prop_oneof![
        6 => Just(("GET", 0)),
        2 => Just(("POST", 100)),
        1 => Just(("PUT", 100)),
        1 => Just(("POST", 100_000)),
        1 => Just(("HEAD", 0)),
    ];
    let read = weighted(0.08, select(vec![0, 1, 5]));
    let hold = proptest::bool::weighted(if background { 0.35 } else { 0.0 });
    let reset = weighted(0.08, reset());
    (method, weighted(0.35, answer()), deadline(), read, hold, reset)
        .prop_map(move |((method, body), answer, deadline, read, hold, reset)| Sending {
            method,
            body,
            background,
            deadline,
            read: read.or_else(|| answer.as_ref()?.large.map(|_| 1)),
            answer,
            hold,
            reset,
            asks_to_close: false,
        })
        .boxed()
}

/// A request whose whole use is to see what became of the connection.
pub(super) fn probe() -> BoxedStrategy<Sending> {
    (http1::probe(), weighted(0.3, select(vec![1000, 5000])))
        .prop_map(|(probe, deadline)| Sending { deadline, ..probe })
        .boxed()
}

/// What the origin does to a connection and its streams.
pub(super) fn fault() -> BoxedStrategy<Fault> {
    let last = select(vec![LastStream::Seen, LastStream::Seen, LastStream::All, LastStream::None]);
    let code = select(vec![ErrorCode::NoError, ErrorCode::NoError, ErrorCode::EnhanceYourCalm]);
    let limit = (pick(), select(vec![0, 1, 1, 2]), weighted(0.6, idle()));
    let window = (pick(), select(vec![0, 1000]), weighted(0.6, idle()));
    let code_of_stream = select(STREAM_ERRORS.to_vec());
    prop_oneof![
        2 => pick().prop_map(Fault::Fin),
        1 => pick().prop_map(Fault::Rst),
        1 => pick().prop_map(Fault::Close),
        5 => (pick(), last, code).prop_map(|(on, last, code)| Fault::Goaway(on, last, code)),
        2 => (pick(), code_of_stream).prop_map(|(of, code)| Fault::ResetStream(of, code)),
        2 => limit.prop_map(|(on, streams, until)| Fault::MaxStreams(on, streams, until)),
        1 => window.prop_map(|(on, bytes, until)| Fault::InitialWindow(on, bytes, until)),
        1 => weighted(0.5, pick()).prop_map(|on| Fault::Pings(on, Pings::Ignore)),
        1 => pick().prop_map(Fault::Ping),
    ]
    .boxed()
}

const STREAM_ERRORS: [ErrorCode; 4] =
    [ErrorCode::RefusedStream, ErrorCode::InternalError, ErrorCode::Cancel, ErrorCode::NoError];

fn reset() -> impl Strategy<Value = StreamReset> + Clone {
    let error = prop_oneof![2 => Just(ErrorCode::RefusedStream), 1 => select(STREAM_ERRORS.to_vec())];
    (error, select(vec![1, 1, 2, 100])).prop_map(|(error, times)| StreamReset { error, times })
}

fn answer() -> BoxedStrategy<Answer> {
    let late = short().prop_map(|delay| Answer { reply: ok(), delay: Some(delay), large: None });
    let other = prop_oneof![3 => cut_short(), 3 => ended_after(), 1 => early(), 1 => shape()];
    let other = (other, weighted(0.2, short()));
    let other = other.prop_map(|(reply, delay)| Answer { reply, delay, large: None });
    let large = select(vec![70_000, 200_000]);
    let large = large.prop_map(|large| Answer { reply: ok(), delay: None, large: Some(large) });
    prop_oneof![2 => late, 5 => other, 1 => large].boxed()
}

fn ok() -> Reply {
    Reply::default_for("")
}

fn end() -> impl Strategy<Value = AfterReply> + Clone {
    select(vec![
        AfterReply::Fin,
        AfterReply::Close,
        AfterReply::Rst,
        AfterReply::Goaway(ErrorCode::NoError),
        AfterReply::Goaway(ErrorCode::InternalError),
    ])
}

fn reset_stream() -> impl Strategy<Value = AfterReply> + Clone {
    select(STREAM_ERRORS.to_vec()).prop_map(AfterReply::ResetStream)
}

fn cut_short() -> impl Strategy<Value = Reply> {
    let points = select(vec![Cut::Byte(0), Cut::Byte(7), Cut::Head, Cut::Body(5)]);
    let then = prop_oneof![3 => end(), 3 => reset_stream(), 1 => Just(AfterReply::Keep)];
    (points, then).prop_map(|(cut, then)| Reply {
        body: Some("0123456789".to_owned()),
        cut: Some(cut),
        then,
        ..ok()
    })
}

fn ended_after() -> impl Strategy<Value = Reply> {
    end().prop_map(|then| Reply { then, ..ok() })
}

fn early() -> impl Strategy<Value = Reply> {
    let then = prop_oneof![2 => Just(AfterReply::Keep), 2 => reset_stream(), 1 => end()];
    (select(vec![200, 401, 413]), then).prop_map(|(status, then)| Reply { early: true, status, then, ..ok() })
}

/// Nothing wrong with these: a client must cope all the same.
fn shape() -> impl Strategy<Value = Reply> {
    let empty = Reply { body: Some(String::new()), ..ok() };
    let trailers = vec![("x-trailer".to_owned(), "1".to_owned())];
    let statuses = select(vec![204, 304, 408, 500, 503]).prop_map(|status| Reply {
        status,
        framing: if matches!(status, 204 | 304) { Framing::None } else { Framing::Length },
        ..ok()
    });
    prop_oneof![Just(empty), Just(Reply { trailers, ..ok() }), statuses]
}
