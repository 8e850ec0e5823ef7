//! One connection of the origin: an ordered queue of what to write, and what to do to the socket after it.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use bytes::BytesMut;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::net::Stream;
use crate::scenario::AfterReply;

/// Writing is synchronous as far as the socket takes it, so that a step of the script is on the wire
/// when the next step begins; a task flushes the rest.
pub(super) struct Connection {
    stream: Stream,
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
    pub fn new(stream: Stream) -> Self {
        Self { stream, queue: Mutex::default(), waiting: Notify::new(), answers: Mutex::default() }
    }

    /// The connection's number, from 1.
    pub fn number(&self) -> u32 {
        self.stream.connection()
    }

    /// Writes bytes after those that wait already, then does `then`.
    pub fn write(&self, bytes: &[u8], then: AfterReply) {
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

    /// Reads what there is, appending. False at the end, or where the connection is dead.
    pub async fn read_more(&self, buffer: &mut BytesMut) -> bool {
        matches!(self.stream.read_into(buffer).await, Ok(1..))
    }

    /// The same, but `None` once nothing was asked, and no answer owed, for this long.
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
            tokio::time::sleep_until(until).await;
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
            // Frames, which HTTP/2 has written by now.
            None | Some(AfterReply::Keep | AfterReply::Goaway(_) | AfterReply::ResetStream(_)) => {}
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
