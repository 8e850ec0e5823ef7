//! One connection of the origin: an ordered queue of what to write, and what to do to the socket after it.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use bytes::BytesMut;
use closewait_scenario::{AfterReply, ReadPace};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::intake::Intake;
use super::tls::Session;
use crate::net::Stream;

/// Writing is synchronous as far as the socket takes it, so that a step of the script is on the wire
/// when the next step begins; a task flushes the rest.
pub(super) struct Connection {
    stream: Stream,
    intake: Intake,
    tls: Option<Mutex<Session>>,
    queue: Mutex<Queue>,
    waiting: Notify,
    answers: Mutex<Answers>,
}

#[derive(Default)]
struct Answers {
    owed: u32,
    /// Since when none is owed; `None` before the first.
    last: Option<Instant>,
    close_then: bool,
}

#[derive(Default)]
struct Queue {
    bytes: Vec<u8>,
    then: Option<AfterReply>,
}

impl Connection {
    pub fn new(stream: Stream, tls: Option<Session>) -> Self {
        let tls = tls.map(Mutex::new);
        let intake = Intake::default();
        Self {
            stream,
            intake,
            tls,
            queue: Mutex::default(),
            waiting: Notify::new(),
            answers: Mutex::default(),
        }
    }

    /// The connection's number, from 1.
    pub fn number(&self) -> u32 {
        self.stream.connection()
    }

    /// From now on it is read like this.
    pub fn change_reading(&self, pace: ReadPace) {
        self.intake.change(pace);
    }

    /// Writes bytes after those that wait already, then does `then`. Under TLS they are sealed, and an orderly close
    /// says close_notify.
    pub fn write(&self, bytes: &[u8], then: AfterReply) {
        let says_so = matches!(then, AfterReply::Close | AfterReply::CloseNotify);
        let sealed = self.with_tls(|tls, wire| {
            tls.send(bytes, wire);
            if says_so {
                tls.close_notify(wire);
            }
        });
        self.put(sealed.as_deref().unwrap_or(bytes), then);
    }

    /// As [`Connection::write`], but only the first bytes of the record that carries the last of it are sent.
    pub fn write_part_of_record(&self, bytes: &[u8], part: u32, then: AfterReply) {
        let sealed = self.with_tls(|tls, wire| {
            tls.send(bytes, wire);
            wire.truncate(part as usize);
            tls.fall_silent();
        });
        self.put(&sealed.unwrap_or_default(), then);
    }

    /// Sends a fatal alert, and nothing after it.
    pub fn alert(&self, description: &str) {
        let sealed = self.with_tls(|tls, wire| tls.alert(description, wire));
        self.put(&sealed.unwrap_or_default(), AfterReply::Keep);
    }

    /// Appends what the client sent, as plain text. False once it sends no more, or where the connection is dead.
    pub async fn read_more(&self, buffer: &mut BytesMut) -> bool {
        if self.tls.is_none() {
            return matches!(self.intake.read(&self.stream, buffer).await, Ok(1..));
        }
        while self.with_session(|tls| tls.take(buffer)) == Some(0) {
            if !self.receive().await {
                return false;
            }
        }
        true
    }

    /// Waits for the end of the handshake: whether it ended with HTTP/2 by ALPN.
    pub async fn agrees_on_http2(&self) -> bool {
        while self.with_session(|tls| tls.is_handshaking()) == Some(true) {
            if !self.receive().await {
                return false;
            }
        }
        self.with_session(|tls| tls.speaks_http2()) == Some(true)
    }

    /// Takes in what TLS was sent, and writes what it answers. False once there is no more.
    async fn receive(&self) -> bool {
        let mut sealed = BytesMut::new();
        let ended = self.with_session(|tls| tls.has_ended()) == Some(true);
        if ended || !matches!(self.intake.read(&self.stream, &mut sealed).await, Ok(1..)) {
            return false;
        }
        let answer = self.with_tls(|tls, wire| tls.receive(&sealed, wire));
        self.put(&answer.unwrap_or_default(), AfterReply::Keep);
        true
    }

    fn with_session<T>(&self, act: impl FnOnce(&mut Session) -> T) -> Option<T> {
        self.tls.as_ref().map(|tls| act(&mut tls.lock().expect("nobody panics with this lock")))
    }

    /// What TLS wants on the wire after `act`; `None` without TLS.
    fn with_tls(&self, act: impl FnOnce(&mut Session, &mut Vec<u8>)) -> Option<Vec<u8>> {
        let mut wire = Vec::new();
        self.with_session(|tls| act(tls, &mut wire)).map(|()| wire)
    }

    /// Queues bytes of the wire, and writes what the socket takes.
    fn put(&self, bytes: &[u8], then: AfterReply) {
        {
            let mut queue = self.queue.lock().expect("nobody panics with this lock");
            queue.bytes.extend_from_slice(bytes);
            if then != AfterReply::Keep {
                queue.then = Some(then);
            }
        }
        if !self.flush_now() {
            self.waiting.notify_one();
        }
    }

    /// A request has come that will be answered, now or later.
    pub fn owe_answer(&self) {
        self.answers().owed += 1;
    }

    /// An answer was written.
    pub fn answered(&self) {
        let close = {
            let mut answers = self.answers();
            answers.owed -= 1;
            answers.last = Some(Instant::now());
            answers.close_then && answers.owed == 0
        };
        if close {
            self.write(b"", AfterReply::Close);
        }
    }

    /// As [`Connection::read_more`], but `None` once nothing was asked, and no answer owed, for this long.
    pub async fn read_unless_idle(&self, buffer: &mut BytesMut, limit: Option<Duration>) -> Option<bool> {
        let Some(limit) = limit else { return Some(self.read_more(buffer).await) };
        tokio::select! {
            biased;
            more = self.read_more(buffer) => Some(more),
            () = self.idle_for(limit) => None,
        }
    }

    async fn idle_for(&self, limit: Duration) {
        let opened = Instant::now();
        loop {
            let (owed, since) = {
                let answers = self.answers();
                (answers.owed > 0, answers.last.map_or(opened, |last| last.max(opened)))
            };
            // While an answer is owed, it is not idle: look again when it may have been.
            let until = if owed { Instant::now() + limit } else { since + limit };
            if !owed && until <= Instant::now() {
                return;
            }
            crate::timer::sleep_until(until).await;
        }
    }

    /// Aborts now, whatever waits to be written.
    pub fn reset(&self) {
        self.queue.lock().expect("nobody panics with this lock").bytes.clear();
        self.stream.reset();
    }

    /// The client sends no more: close, but answer first what it asked.
    pub fn close_when_answered(&self) {
        let close = {
            let mut answers = self.answers();
            answers.close_then = true;
            answers.owed == 0
        };
        if close {
            self.write(b"", AfterReply::Close);
        }
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().expect("nobody panics with this lock")
    }

    /// Writes what the socket takes. True if nothing is left to do.
    fn flush_now(&self) -> bool {
        let mut queue = self.queue.lock().expect("nobody panics with this lock");
        while !queue.bytes.is_empty() {
            match self.stream.try_write(&queue.bytes) {
                Ok(n) => drop(queue.bytes.drain(..n)),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return false,
                // The peer has reset: whatever was to be written has nowhere to go.
                Err(_) => queue.bytes.clear(),
            }
        }
        match queue.then.take() {
            // Alerts and frames, which are written by now.
            None
            | Some(
                AfterReply::Keep
                | AfterReply::CloseNotify
                | AfterReply::Goaway(_)
                | AfterReply::ResetStream(_),
            ) => {}
            Some(AfterReply::Fin) => self.stream.half_close(),
            Some(AfterReply::Rst) => self.stream.reset(),
            Some(AfterReply::Close) => self.stream.close(),
        }
        true
    }

    /// Flushes what [`Connection::write`] could not, for ever.
    pub async fn keep_flushing(&self) {
        loop {
            self.waiting.notified().await;
            while !self.flush_now() {
                self.stream.writable().await;
            }
        }
    }
}
