//! One connection of HTTP/2: its streams, and the socket below.

use std::sync::{Arc, Mutex};

use bytes::BytesMut;
use closewait_scenario::{AfterReply, ErrorCode, LastStream, OriginSettings, Pings, Reply};

use super::frame;
use super::incoming::Incoming;
use super::outgoing::{self, Outgoing};
use super::streams::{Happened, Streams};
use crate::origin::asker::Written;
use crate::origin::connection::Connection;

/// One connection of HTTP/2. Whatever is said here is on the wire when the call returns, as far as the socket takes it.
pub(in crate::origin) struct Session {
    pub(super) connection: Arc<Connection>,
    streams: Mutex<Streams>,
}

impl Session {
    pub fn new(connection: Arc<Connection>, settings: &OriginSettings, pings: Pings) -> Self {
        Self { connection, streams: Mutex::new(Streams::new(settings, pings)) }
    }

    /// Writes the origin's own SETTINGS, which come first (RFC 9113 section 3.4).
    pub fn open(&self) {
        self.act(|_| ());
    }

    /// False if the request named as the last never arrived.
    pub fn goaway(&self, last: &LastStream, error: ErrorCode) -> bool {
        self.act(|streams| streams.goaway(last, error))
    }

    pub fn change_settings(&self, max_streams: Option<u32>, initial_window: Option<u32>) {
        self.act(|streams| streams.change_settings(max_streams, initial_window));
    }

    pub fn ping(&self) {
        self.act(|streams| streams.out.extend(frame::ping(*b"closewai")));
    }

    pub fn change_pings(&self, pings: Pings) {
        self.act(|streams| streams.pings = pings);
    }

    /// Grants the whole connection more.
    pub fn grant(&self, by: u32) {
        self.act(|streams| streams.grant(0, by));
    }

    /// Grants the stream of a request more. False if it is not open here.
    pub fn grant_to(&self, id: &str, by: u32) -> bool {
        self.act(|streams| streams.open_stream_of(id).map(|stream| streams.grant(stream, by)).is_some())
    }

    /// Resets the stream of a request. False if it is not open here.
    pub fn reset_stream_of(&self, id: &str, error: ErrorCode) -> bool {
        self.act(|streams| streams.open_stream_of(id).map(|stream| streams.reset(stream, error)).is_some())
    }

    pub(super) fn reset_stream(&self, stream: u32, error: ErrorCode) {
        self.act(|streams| streams.reset(stream, error));
    }

    /// What happened next, by the bytes that were read; `None` if more are needed.
    pub(super) fn next(
        &self,
        incoming: &mut Incoming,
        buffer: &mut BytesMut,
    ) -> Option<[Option<Happened>; 2]> {
        let arrival = incoming.next(buffer)?;
        Some(self.act(|streams| streams.receive(arrival)))
    }

    pub(super) fn expect_early(&self, stream: u32) {
        self.act(|streams| streams.expect_early(stream));
    }

    /// Whether the stream is open, and nothing was decided about its answer.
    pub(super) fn waits(&self, stream: u32) -> bool {
        self.act(|streams| streams.waits(stream))
    }

    pub(super) fn pings(&self) -> Pings {
        self.act(|streams| streams.pings)
    }

    pub(super) fn acknowledge(&self, opaque: [u8; 8]) {
        self.act(|streams| streams.out.extend(frame::pong(opaque)));
    }

    /// Announces the end, and closes.
    pub(super) fn shut_down(&self) {
        self.act(|streams| {
            streams.goaway(&LastStream::Seen, ErrorCode::NoError);
            streams.then = AfterReply::Close;
        });
    }

    /// Answers on a stream that still waits, and tells before what will be written.
    pub(super) fn answer(&self, stream: u32, reply: &Reply, tell: impl FnOnce(Written)) {
        self.act(|streams| {
            let Some(request) = streams.unanswered(stream) else { return };
            let (outgoing, written) = Outgoing::new(reply, request, self.connection.number());
            tell(written);
            streams.answer(stream, outgoing);
        });
    }

    /// Writes an interim response on a stream that still waits.
    pub(super) fn interim(&self, stream: u32, reply: &Reply) {
        self.act(|streams| {
            if streams.unanswered(stream).is_some() {
                streams.out.extend(frame::headers(stream, &outgoing::head(reply, None), false));
                streams.then = reply.then;
            }
        });
    }

    fn act<R>(&self, act: impl FnOnce(&mut Streams) -> R) -> R {
        let mut streams = self.streams.lock().expect("nobody panics with this lock");
        let result = act(&mut streams);
        let bytes = std::mem::take(&mut streams.out);
        let then = std::mem::replace(&mut streams.then, AfterReply::Keep);
        let (owed, settled) = (std::mem::take(&mut streams.owed), std::mem::take(&mut streams.settled));
        (0..owed).for_each(|_| self.connection.owe_answer());
        if !bytes.is_empty() || then != AfterReply::Keep {
            self.connection.write(&bytes, then);
        }
        (0..settled).for_each(|_| self.connection.answered());
        result
    }
}
