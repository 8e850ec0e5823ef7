//! Streams without a socket: bytes of a client go in, and the frames that come out are read.

use std::time::Duration;

use bytes::BytesMut;
use closewait_scenario::{AfterReply, Cut, ErrorCode, LastStream, OriginSettings, Pings, Reply};
use closewait_trace::http2::{DEFAULT_MAX_FRAME_SIZE, Decoder, Next, PREFACE, Payload, next_frame};

use super::frame;
use super::hpack;
use super::incoming::{Arrival, Incoming};
use super::outgoing::Outgoing;
use super::streams::{Happened, Streams};

/// A connection whose preface and SETTINGS are behind it.
struct Connection {
    incoming: Incoming,
    streams: Streams,
}

impl Connection {
    fn new(settings: &OriginSettings) -> Self {
        let streams = Streams::new(settings, Pings::Answer { after: Duration::ZERO });
        let mut connection = Self { incoming: Incoming::default(), streams };
        connection.receive(&[PREFACE, &frame::settings(None, None), &frame::settings_ack()].concat());
        connection.written();
        connection
    }

    /// What happens when these bytes arrive, one by one: where a segment ends must not matter.
    fn receive(&mut self, bytes: &[u8]) -> Vec<Happened> {
        let mut buffer = BytesMut::new();
        let mut happened = Vec::new();
        for byte in bytes {
            buffer.extend_from_slice(&[*byte]);
            while let Some(arrival) = self.incoming.next(&mut buffer) {
                let is_last = matches!(arrival, Arrival::Broken(_));
                happened.extend(self.streams.receive(arrival).into_iter().flatten());
                if is_last {
                    return happened;
                }
            }
        }
        assert!(buffer.is_empty());
        happened
    }

    fn request(&mut self, stream: u32, id: &str, end: bool) -> Vec<Happened> {
        let block = hpack::encode([(":method", "POST"), (":path", "/"), ("x-request-id", id)]);
        self.receive(&frame::headers(stream, &block, end))
    }

    fn reply(&mut self, stream: u32, change: impl FnOnce(&mut Reply)) -> bool {
        let mut reply = Reply { body: Some("abcdef".into()), ..Reply::default_for("a") };
        change(&mut reply);
        let request = self.streams.unanswered(stream).expect("it is open");
        let (outgoing, written) = Outgoing::new(&reply, request, 1);
        self.streams.answer(stream, outgoing);
        written.complete
    }

    /// What was written since the last look, in words.
    fn written(&mut self) -> Vec<String> {
        let bytes = std::mem::take(&mut self.streams.out);
        let mut rest = &bytes[..];
        let mut words = Vec::new();
        while !rest.is_empty() {
            let Next::Frame(frame) = next_frame(rest, DEFAULT_MAX_FRAME_SIZE) else {
                words.push(format!("{} bytes of a frame", rest.len()));
                break;
            };
            words.push(format!("{}: {}", frame.stream, in_words(&frame.payload)));
            rest = &rest[frame.len..];
        }
        words
    }

    #[track_caller]
    fn check(&mut self, expected: &[&str]) {
        assert_eq!(self.written(), expected);
    }
}

fn in_words(payload: &Payload) -> String {
    let mark = |end: &bool| if *end { ", end" } else { "" };
    match payload {
        Payload::Data { data, end_stream } => format!("{} bytes{}", data.len(), mark(end_stream)),
        Payload::Headers { fragment, end_stream, .. } => {
            let fields = Decoder::default().decode(fragment).expect("a header block");
            let first = fields.first().expect("a field");
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            format!("{} {}{}", text(&first.name), text(&first.value), mark(end_stream))
        }
        Payload::RstStream { code } => format!("reset {code}"),
        Payload::Settings { ack: true, .. } => "settings acknowledged".to_owned(),
        Payload::Settings { values, .. } => format!("{} settings", values.len()),
        Payload::Ping { ack, .. } => format!("ping{}", if *ack { " acknowledged" } else { "" }),
        Payload::GoAway { last_stream, code, .. } => format!("goaway {last_stream} {code}"),
        Payload::WindowUpdate { increment } => format!("window {increment}"),
        other => format!("{other:?}"),
    }
}

fn healthy() -> Connection {
    Connection::new(&OriginSettings::default())
}

fn with(change: impl FnOnce(&mut OriginSettings)) -> Connection {
    let mut settings = OriginSettings::default();
    change(&mut settings);
    Connection::new(&settings)
}

#[test]
fn settings_come_first_and_the_clients_are_acknowledged() {
    let mut streams =
        Streams::new(&OriginSettings { max_streams: Some(1), ..OriginSettings::default() }, Pings::Ignore);
    assert!(streams.out.starts_with(&[0, 0, 6, 4]));
    streams.out.clear();
    let mut connection = Connection { incoming: Incoming::default(), streams };
    connection.receive(&[PREFACE, &frame::settings(None, Some(10))].concat());
    connection.check(&["0: settings acknowledged"]);
}

#[test]
fn a_request_without_a_body_is_two_things_at_once() {
    let mut connection = healthy();
    let happened = connection.request(1, "a", true);
    assert!(
        matches!(&happened[..], [Happened::Head { stream: 1, .. }, Happened::Whole { stream: 1, request }] if request.id == "a")
    );
    assert!(connection.reply(1, |_| ()));
    connection.check(&["1: :status 200", "1: 6 bytes, end"]);
    assert_eq!(connection.streams.open_stream_of("a"), None);
}

#[test]
fn what_is_received_is_granted_again() {
    let mut connection = healthy();
    connection.request(1, "a", false);
    connection.receive(&frame::data(1, &[0; 10], false));
    connection.check(&["0: window 10", "1: window 10"]);
    let happened = connection.receive(&frame::data(1, &[0; 10], true));
    assert!(matches!(happened[..], [Happened::Whole { stream: 1, .. }]));
    connection.check(&["0: window 10"]);
}

#[test]
fn a_starved_stream_is_granted_nothing_by_itself() {
    let mut connection = with(|settings| settings.initial_window = Some(0));
    connection.request(1, "a", false);
    connection.streams.grant(1, 10);
    connection.receive(&frame::data(1, &[0; 10], false));
    connection.check(&["1: window 10", "0: window 10"]);
    connection.streams.change_settings(None, Some(10));
    connection.receive(&frame::data(1, &[0; 10], false));
    connection.check(&["0: 1 settings", "0: window 10", "1: window 10"]);
}

#[test]
fn a_body_stays_within_the_windows() {
    let mut connection = healthy();
    connection.receive(&frame::settings(None, Some(4)));
    connection.request(1, "a", true);
    connection.written();
    connection.reply(1, |_| ());
    connection.check(&["1: :status 200", "1: 4 bytes"]);
    connection.receive(&frame::window_update(0, 100));
    connection.check(&[]);
    connection.receive(&frame::window_update(1, 1));
    connection.check(&["1: 1 bytes"]);
    connection.receive(&frame::settings(None, Some(10)));
    connection.check(&["0: settings acknowledged", "1: 1 bytes, end"]);
}

#[test]
fn a_long_body_takes_several_frames_and_no_more_than_the_connection() {
    let mut connection = healthy();
    connection.receive(&frame::settings(None, Some(1_000_000)));
    connection.request(1, "a", true);
    connection.written();
    connection.reply(1, |reply| reply.body = Some("x".repeat(70_000)));
    connection.check(&[
        "1: :status 200",
        "1: 16384 bytes",
        "1: 16384 bytes",
        "1: 16384 bytes",
        "1: 16383 bytes",
    ]);
    connection.receive(&frame::window_update(0, 10_000));
    connection.check(&["1: 4465 bytes, end"]);
}

#[test]
fn replies_are_cut() {
    let check = |change: fn(&mut Reply), expected: &[&str], complete| {
        let mut connection = healthy();
        connection.request(1, "a", true);
        assert_eq!(connection.reply(1, change), complete, "{expected:?}");
        connection.check(expected);
    };
    check(|r| r.cut = Some(Cut::Head), &["1: :status 200"], false);
    check(|r| r.cut = Some(Cut::Body(2)), &["1: :status 200", "1: 2 bytes"], false);
    check(|r| r.cut = Some(Cut::Byte(0)), &[], false);
    check(|r| r.cut = Some(Cut::Byte(12)), &["12 bytes of a frame"], false);
    check(|r| r.cut = Some(Cut::Byte(36)), &["1: :status 200", "14 bytes of a frame"], false);
    check(|r| r.cut = Some(Cut::Byte(37)), &["1: :status 200", "1: 6 bytes, end"], true);
    check(
        |r| r.trailers = vec![("X-Sum".into(), "1".into())],
        &["1: :status 200", "1: 6 bytes", "1: x-sum 1, end"],
        true,
    );
    check(|r| r.body = Some(String::new()), &["1: :status 200, end"], true);
}

#[test]
fn what_follows_a_reply() {
    let check = |then, expected: &[&str]| {
        let mut connection = healthy();
        connection.request(1, "a", true);
        connection.reply(1, |reply| reply.then = then);
        assert_eq!(connection.written()[2..], *expected);
        connection.streams.then
    };
    assert_eq!(check(AfterReply::Goaway(ErrorCode::NoError), &["0: goaway 1 NO_ERROR"]), AfterReply::Keep);
    assert_eq!(check(AfterReply::ResetStream(ErrorCode::Cancel), &["1: reset CANCEL"]), AfterReply::Keep);
    assert_eq!(check(AfterReply::Rst, &[]), AfterReply::Rst);
}

#[test]
fn streams_above_the_last_are_ignored() {
    let mut connection = healthy();
    connection.request(1, "a", false);
    assert!(!connection.streams.goaway(&LastStream::Request("b".into()), ErrorCode::NoError));
    assert!(connection.streams.goaway(&LastStream::All, ErrorCode::NoError));
    assert_eq!(connection.request(3, "b", true).len(), 2);
    assert!(connection.streams.goaway(&LastStream::Request("b".into()), ErrorCode::NoError));
    assert_eq!(connection.request(5, "c", true), []);
    assert_eq!(connection.receive(&frame::data(1, b"x", true)).len(), 1);
    connection.check(&["0: goaway 2147483647 NO_ERROR", "0: goaway 3 NO_ERROR", "0: window 1"]);
}

#[test]
fn a_limit_counts_once_it_is_acknowledged() {
    let mut connection = healthy();
    connection.streams.change_settings(Some(1), None);
    assert_eq!(connection.request(1, "a", true).len(), 2);
    assert_eq!(connection.request(3, "b", true).len(), 2);
    connection.receive(&frame::settings_ack());
    assert_eq!(connection.request(5, "c", true), []);
    connection.check(&["0: 1 settings", "5: reset REFUSED_STREAM"]);
    connection.reply(1, |_| ());
    connection.reply(3, |_| ());
    assert_eq!(connection.request(7, "d", true).len(), 2);
}

#[test]
fn a_reset_stream_is_answered_no_more() {
    let mut connection = healthy();
    connection.request(1, "a", true);
    connection.receive(&frame::rst_stream(1, ErrorCode::Cancel));
    assert!(connection.streams.unanswered(1).is_none());
    assert_eq!((connection.streams.owed, connection.streams.settled), (1, 1));
    connection.request(3, "b", true);
    connection.streams.reset(3, ErrorCode::InternalError);
    connection.streams.reset(3, ErrorCode::InternalError);
    connection.check(&["3: reset INTERNAL_ERROR"]);
    assert_eq!((connection.streams.owed, connection.streams.settled), (2, 2));
}

#[test]
fn an_early_answer_leaves_the_stream_until_the_upload_ends() {
    let mut connection = healthy();
    connection.request(1, "a", false);
    connection.streams.expect_early(1);
    connection.reply(1, |_| ());
    assert_eq!(connection.streams.open_stream_of("a"), Some(1));
    assert_eq!(connection.receive(&frame::data(1, b"x", true)), []);
    assert_eq!(connection.streams.open_stream_of("a"), None);
}

#[test]
fn other_bytes_end_the_connection() {
    let check = |bytes: &[u8], code: &str| {
        let mut connection = healthy();
        assert_eq!(connection.receive(bytes), [Happened::Broken]);
        connection.check(&[&format!("0: goaway 0 {code}")]);
        assert_eq!(connection.streams.then, AfterReply::Close);
    };
    check(&frame::headers(1, b"\xff\xff\xff\xff\xff\xff\xff", true), "COMPRESSION_ERROR");
    let mut open = frame::headers(1, b"x", true);
    open[4] = 0;
    check(&[open, frame::ping([0; 8])].concat(), "PROTOCOL_ERROR");
    let mut greeting = Incoming::default();
    let arrival = greeting.next(&mut BytesMut::from("GET / HTTP/1.1\r\n"));
    assert_eq!(arrival, Some(Arrival::Broken(ErrorCode::ProtocolError)));
}

#[test]
fn a_message_and_its_status_answer_grpc() {
    let mut connection = healthy();
    let fields = [(":method", "POST"), ("content-type", "application/grpc"), ("x-request-id", "a")];
    connection.receive(&frame::headers(1, &hpack::encode(fields), true));
    assert!(connection.reply(1, |_| ()));
    connection.check(&["1: :status 200", "1: 11 bytes", "1: grpc-status 0, end"]);
    connection.receive(&frame::headers(3, &hpack::encode(fields), true));
    connection.reply(3, |reply| reply.headers = vec![("grpc-status".into(), "14".into())]);
    connection.check(&["3: :status 200, end"]);
}
