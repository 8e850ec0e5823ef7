//! Stands between hyper and the socket of a shared connection, and overhears both. What the pool must know it knows
//! before hyper does; pings are put in between hyper's frames.
//!
//! It takes whatever hyper writes, at once and whole: h2 reads nothing while an acknowledgement that it owes finds no room,
//! and opens streams late, and so it does while TLS has records left to send. What the socket does not take waits here, or in
//! TLS; uploads are held back meanwhile, so that is little.

use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::super::dial::Io;
use super::frames::{Incoming, Outgoing, Overheard, censor, goaway_for_protocol_error, ping};
use crate::defect::{Defect, Defects};

/// What the pool is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Notice {
    /// Something was read.
    Heard,
    /// How many streams the peer takes at a time.
    Capacity(u32),
    Goaway,
    /// FIN or an error.
    Ended,
}

/// A socket with hyper's HTTP/2 on it.
pub(in super::super) struct Link {
    inner: Mutex<Inner>,
    listener: Box<dyn Fn(Notice) + Send + Sync>,
}

struct Inner {
    stream: Option<Box<dyn Io>>,
    defects: Defects,
    incoming: Incoming,
    outgoing: Outgoing,
    /// Read at a look, and not yet by hyper.
    ahead: BytesMut,
    /// What a defect keeps from hyper until the frame is whole.
    censored: BytesMut,
    /// How reading ended.
    end: Option<io::Result<()>>,
    /// The peer has announced its limit.
    settled: bool,
    /// Whole frames that the socket, or TLS on it, has not taken yet.
    outbox: BytesMut,
    /// The socket has taken everything.
    sent: bool,
    /// Uploads that go on when it has.
    uploads: Vec<Waker>,
    /// hyper's task.
    hyper: Option<Waker>,
    /// A ping was not answered.
    unresponsive: bool,
}

impl Link {
    pub fn new(
        stream: Box<dyn Io>,
        defects: Defects,
        listener: impl Fn(Notice) + Send + Sync + 'static,
    ) -> Arc<Self> {
        let inner = Inner {
            stream: Some(stream),
            defects,
            incoming: Incoming::default(),
            outgoing: Outgoing::default(),
            ahead: BytesMut::new(),
            censored: BytesMut::new(),
            end: None,
            settled: false,
            outbox: BytesMut::new(),
            sent: true,
            uploads: Vec::new(),
            hyper: None,
            unresponsive: false,
        };
        Arc::new(Self { inner: Mutex::new(inner), listener: Box::new(listener) })
    }

    /// Reads what is there, as far as the event loop knows, and tells of it. hyper gets it later.
    pub async fn look(&self) {
        let look = poll_fn(|_| {
            let notices = self.lock().look();
            notices.into_iter().for_each(&self.listener);
            Poll::Ready(())
        });
        // A task that has used up its budget would find every socket quiet.
        tokio::task::coop::unconstrained(look).await;
    }

    /// Sends a PING, behind what hyper has written.
    pub fn ping(&self) {
        let mut inner = self.lock();
        inner.put(&ping());
        let waker = inner.hyper.clone().unwrap_or_else(|| Waker::noop().clone());
        // An error shows when hyper writes, or reads, next.
        let _ = inner.poll_send(&mut Context::from_waker(&waker));
    }

    /// Resolves when the socket has taken everything, or is gone: only then is it worth handing over more of a body.
    pub fn poll_sent(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut inner = self.lock();
        if inner.sent || inner.stream.is_none() {
            return Poll::Ready(());
        }
        inner.uploads.push(cx.waker().clone());
        Poll::Pending
    }

    /// Requests of which the socket has taken a byte.
    pub fn requests(&self) -> u64 {
        self.lock().outgoing.requests()
    }

    /// Closes the socket.
    pub fn shut(&self) {
        let mut inner = self.lock();
        inner.stream = None;
        inner.hyper.take().into_iter().chain(std::mem::take(&mut inner.uploads)).for_each(Waker::wake);
    }

    /// Closes the socket, because a ping was not answered.
    pub fn give_up(&self) {
        self.lock().unresponsive = true;
        self.shut();
    }

    pub fn is_unresponsive(&self) -> bool {
        self.lock().unresponsive
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn look(&mut self) -> Vec<Notice> {
        let waker = self.hyper.clone().unwrap_or_else(|| Waker::noop().clone());
        let mut notices = Vec::new();
        while self.poll_ahead(&mut Context::from_waker(&waker), &mut notices).is_ready() {}
        if !notices.is_empty() {
            waker.wake();
        }
        notices
    }

    /// Reads once into the buffer that hyper is served from. Pending when there is nothing to read, now or ever.
    fn poll_ahead(&mut self, cx: &mut Context<'_>, notices: &mut Vec<Notice>) -> Poll<()> {
        let Some(stream) = self.stream.as_mut().filter(|_| self.end.is_none()) else { return Poll::Pending };
        let mut chunk = [0; 4096];
        let mut buf = ReadBuf::new(&mut chunk);
        match ready!(Pin::new(stream).poll_read(cx, &mut buf)) {
            Ok(()) if !buf.filled().is_empty() => {
                self.overhear(buf.filled(), notices);
                self.take(buf.filled());
            }
            result => {
                self.end = Some(result);
                notices.push(Notice::Ended);
            }
        }
        Poll::Ready(())
    }

    fn take(&mut self, bytes: &[u8]) {
        let hides_goaway = self.defects.has(Defect::IgnoresGoaway);
        let hides_limit = self.defects.has(Defect::IgnoresStreamLimit);
        if hides_goaway || hides_limit {
            self.censored.extend_from_slice(bytes);
            let passed = censor(&mut self.censored, hides_goaway, hides_limit);
            self.ahead.unsplit(passed);
        } else {
            self.ahead.extend_from_slice(bytes);
        }
    }

    fn overhear(&mut self, bytes: &[u8], notices: &mut Vec<Notice>) {
        let mut overheard = Vec::new();
        self.incoming.hear(bytes, &mut overheard);
        for frame in overheard {
            match frame {
                Overheard::Push => {
                    self.refuse_push();
                    notices.push(Notice::Ended);
                }
                Overheard::Goaway => notices.push(Notice::Goaway),
                Overheard::Settings(_) if self.defects.has(Defect::IgnoresStreamLimit) => {}
                Overheard::Settings(Some(limit)) => notices.push(Notice::Capacity(limit)),
                // The first SETTINGS without a limit say that there is none.
                Overheard::Settings(None) if !self.settled => notices.push(Notice::Capacity(u32::MAX)),
                Overheard::Settings(None) => {}
            }
            self.settled |= matches!(frame, Overheard::Settings(_));
        }
        // Last: a sign of life may let waiting requests in, and what came with it may say that there is no room.
        notices.push(Notice::Heard);
    }

    /// Ends the connection with PROTOCOL_ERROR. hyper, which would not, reads an error behind what it has.
    fn refuse_push(&mut self) {
        self.put(&goaway_for_protocol_error());
        // An error is of no interest: the connection ends anyhow.
        let _ = self.poll_send(&mut Context::from_waker(Waker::noop()));
        self.end = Some(Err(io::Error::new(ErrorKind::InvalidData, "a server sent SETTINGS_ENABLE_PUSH")));
    }

    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
        notices: &mut Vec<Notice>,
    ) -> Poll<io::Result<()>> {
        self.hyper = Some(cx.waker().clone());
        // hyper believes that all is sent: it is its reading that moves the rest. An error of writing shows at the next write.
        let _ = self.poll_send(cx);
        while self.ahead.is_empty() && self.end.is_none() && self.stream.is_some() {
            ready!(self.poll_ahead(cx, notices));
        }
        if self.ahead.is_empty() {
            return Poll::Ready(self.end.take_if(|end| end.is_err()).unwrap_or(Ok(())));
        }
        let length = self.ahead.len().min(buf.remaining());
        buf.put_slice(&self.ahead[..length]);
        self.ahead.advance(length);
        Poll::Ready(Ok(()))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.hyper = Some(cx.waker().clone());
        if self.stream.is_none() {
            return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
        }
        slices.iter().for_each(|slice| self.put(slice));
        if let Poll::Ready(Err(error)) = self.poll_send(cx) {
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()))
    }

    fn put(&mut self, bytes: &[u8]) {
        self.outbox.extend_from_slice(bytes);
        self.sent = false;
    }

    /// Has the socket take what it will.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.outbox.is_empty() {
            let Some(stream) = &mut self.stream else { return Poll::Ready(Ok(())) };
            let written = ready!(Pin::new(stream).poll_write(cx, &self.outbox))?;
            self.outgoing.follow(&self.outbox[..written]);
            self.outbox.advance(written);
        }
        if let Some(stream) = &mut self.stream {
            ready!(Pin::new(stream).poll_flush(cx))?;
        }
        self.sent = true;
        self.uploads.drain(..).for_each(Waker::wake);
        Poll::Ready(Ok(()))
    }
}

/// The link as hyper's transport.
pub(in super::super) struct LinkIo(pub Arc<Link>);

impl AsyncRead for LinkIo {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut notices = Vec::new();
        let result = self.0.lock().poll_read(cx, buf, &mut notices);
        notices.into_iter().for_each(&self.0.listener);
        result
    }
}

impl AsyncWrite for LinkIo {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.lock().poll_write(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.lock().poll_write(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut inner = self.0.lock();
        inner.hyper = Some(cx.waker().clone());
        match inner.poll_send(cx) {
            Poll::Ready(result) => Poll::Ready(result),
            Poll::Pending => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut inner = self.0.lock();
        ready!(inner.poll_send(cx))?;
        match &mut inner.stream {
            Some(stream) => Pin::new(stream).poll_shutdown(cx),
            None => Poll::Ready(Ok(())),
        }
    }
}
