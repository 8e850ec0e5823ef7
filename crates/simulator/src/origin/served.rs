//! What goes through the hands of an application's server, written down.

use std::collections::BTreeSet;
use std::error::Error;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use closewait_trace::{Recorder, What};
use http_body::{Body, Frame, SizeHint};
use tokio::sync::Notify;

use crate::net::Wire;

/// What the application has received and done in a run.
pub(super) struct Notes {
    pub wire: Wire,
    recorder: Recorder,
    received: Mutex<BTreeSet<String>>,
    /// A request has been received.
    changed: Notify,
}

impl Notes {
    pub fn new(wire: Wire, recorder: Recorder) -> Self {
        Self { wire, recorder, received: Mutex::default(), changed: Notify::new() }
    }

    /// Waits until a request was received whole, once at least.
    pub async fn received(&self, id: &str) {
        loop {
            let changed = self.changed.notified();
            if self.lock().contains(id) {
                return;
            }
            changed.await;
        }
    }

    fn record(&self, what: What) {
        self.recorder.push(self.wire.now(), what);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.received.lock().expect("nobody panics with this lock")
    }
}

/// Writes down what one connection's requests came to.
#[derive(Clone)]
pub(super) struct Log {
    pub notes: Arc<Notes>,
    pub connection: u32,
}

impl Log {
    /// The application has the whole request, and carries it out.
    pub fn executed(&self, request: &str) {
        self.notes.record(What::Executed { request: request.to_owned(), connection: self.connection });
        self.notes.lock().insert(request.to_owned());
        self.notes.changed.notify_waiters();
    }
}

/// The body of an answer. Its end is written down when the server takes it.
pub(super) struct Answer<B> {
    /// `None` for a message of ours, or at the end.
    body: Option<Pin<Box<B>>>,
    /// What is sent in place of a body.
    message: Option<Bytes>,
    note: Option<Note>,
}

struct Note {
    log: Log,
    request: String,
    status: u16,
    content: BytesMut,
}

impl<B: Body> Answer<B> {
    /// The application's answer.
    pub fn of(response: http::Response<B>, request: String, log: Log) -> http::Response<Self> {
        let status = response.status().as_u16();
        let note = Note { log, request, status, content: BytesMut::new() };
        response
            .map(|body| Self { body: Some(Box::pin(body)), message: None, note: Some(note) }.noted_if_empty())
    }

    /// What a server says of an application that fails: 500.
    pub fn failure(error: &(dyn Error + 'static), request: String, log: Log) -> http::Response<Self> {
        let note = Note { log, request, status: 500, content: BytesMut::new() };
        let message = Some(Bytes::from(error.to_string()));
        let mut response = http::Response::new(Self { body: None, message, note: Some(note) });
        *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
        response
    }

    fn noted_if_empty(mut self) -> Self {
        self.note_if_at_end();
        self
    }

    fn note_if_at_end(&mut self) {
        if self.is_end_stream()
            && let Some(note) = self.note.take()
        {
            note.write_down(true);
        }
    }
}

impl<B: Body> Body for Answer<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let frame = match (self.message.take(), &mut self.body) {
            (Some(message), _) => Some(Ok(Frame::data(message))),
            (None, Some(body)) => {
                let frame = ready!(body.as_mut().poll_frame(cx));
                frame.map(|frame| {
                    frame.map(|frame| frame.map_data(|mut data| data.copy_to_bytes(data.remaining())))
                })
            }
            (None, None) => None,
        };
        match &frame {
            Some(Ok(frame)) => {
                if let (Some(data), Some(note)) = (frame.data_ref(), &mut self.note) {
                    note.content.extend_from_slice(data);
                }
            }
            Some(Err(_)) => {}
            None => self.body = None,
        }
        self.note_if_at_end();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.message.is_none() && self.body.as_ref().is_none_or(|body| body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.message, &self.body) {
            (Some(message), _) => SizeHint::with_exact(message.len() as u64),
            (None, Some(body)) => body.size_hint(),
            (None, None) => SizeHint::with_exact(0),
        }
    }
}

impl<B> Drop for Answer<B> {
    fn drop(&mut self) {
        if let Some(note) = self.note.take() {
            note.write_down(false);
        }
    }
}

impl Note {
    fn write_down(self, complete: bool) {
        let Self { log, request, status, content } = self;
        let connection = log.connection;
        log.notes.record(What::Replied { request, connection, status, body: content.freeze(), complete });
    }
}
