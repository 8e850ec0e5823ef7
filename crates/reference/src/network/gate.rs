//! Stands between hyper and the socket. It knows whether an exchange is under way, so whatever arrives outside of
//! one, or before the first byte of its request was written, closes the socket and never reaches hyper.

use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, BytesMut};
use http::Version;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::dial::Io;
use crate::Progress;
use crate::defect::{Defect, Defects};

/// A socket and what is known of it.
pub(super) struct Gate {
    inner: Mutex<Inner>,
}

struct Inner {
    stream: Option<Box<dyn Io>>,
    defects: Defects,
    /// An exchange is under way.
    open: bool,
    /// Something arrived that no request had asked for.
    spoiled: bool,
    /// The last response was HTTP/1.0.
    is_http_10: bool,
    /// How many more requests the origin is to take, if it says so (`Keep-Alive: max`).
    requests_left: Option<u64>,
    progress: Progress,
    activity: Activity,
    reader: Option<Waker>,
    writer: Option<Waker>,
    /// Which of the [`GateIo`]s is served.
    generation: u32,
    /// What a defect keeps for later, and the byte of it that was served last.
    kept: BytesMut,
    served: u8,
}

/// When the socket last did something.
#[derive(Debug, Clone, Copy)]
pub(super) struct Activity {
    /// When bytes were last read, or, in an exchange, written.
    pub last: Instant,
    /// When bytes were last read.
    pub last_read: Instant,
    /// Since when the socket has not taken what is to be written.
    pub blocked_since: Option<Instant>,
}

impl Gate {
    pub fn new(stream: Box<dyn Io>, defects: Defects) -> Arc<Self> {
        let now = Instant::now();
        let inner = Inner {
            stream: Some(stream),
            defects,
            open: false,
            spoiled: false,
            is_http_10: false,
            requests_left: None,
            progress: Progress::default(),
            activity: Activity { last: now, last_read: now, blocked_since: None },
            reader: None,
            writer: None,
            generation: 0,
            kept: BytesMut::new(),
            served: 0,
        };
        Arc::new(Self { inner: Mutex::new(inner) })
    }

    /// What hyper reads from and writes to. Those handed out before are at their end.
    pub fn io(self: &Arc<Self>) -> GateIo {
        let mut inner = self.lock();
        inner.generation += 1;
        let generation = inner.generation;
        inner.wake();
        drop(inner);
        GateIo { gate: self.clone(), generation }
    }

    /// An exchange begins.
    pub fn begin(&self, reused: bool) {
        let mut inner = self.lock();
        inner.open = true;
        inner.progress = Progress { reused, written: false, received: false };
        inner.activity.last = Instant::now();
        inner.activity.blocked_since = None;
        inner.wake();
    }

    /// The exchange is over: from here on nothing may arrive.
    pub fn end(&self) {
        self.lock().open = false;
    }

    /// A response came. Whether it is the last that the origin means to give.
    pub fn note_response(&self, version: Version, requests_left: Option<u64>) -> bool {
        let mut inner = self.lock();
        inner.is_http_10 = version == Version::HTTP_10;
        inner.requests_left = requests_left.or(inner.requests_left.map(|left| left.saturating_sub(1)));
        inner.requests_left == Some(0)
    }

    /// Whether the origin is known to speak HTTP/1.0: it knows nothing of chunks, and hyper sends it none (RFC 9112 section 6.1).
    pub fn is_http_10(&self) -> bool {
        self.lock().is_http_10
    }

    pub fn progress(&self) -> Progress {
        self.lock().progress
    }

    pub fn activity(&self) -> Activity {
        self.lock().activity
    }

    pub fn is_spoiled(&self) -> bool {
        self.lock().spoiled
    }

    /// Whether nothing is readable, as far as the event loop knows.
    pub async fn look(&self) -> bool {
        let look = poll_fn(|_| {
            let mut inner = self.lock();
            // hyper waits for this socket with its own waker, which must stay registered.
            let waker = inner.reader.clone().unwrap_or_else(|| Waker::noop().clone());
            Poll::Ready(inner.look(&mut Context::from_waker(&waker)))
        });
        // A task that has used up its budget would find every socket quiet.
        tokio::task::coop::unconstrained(look).await
    }

    /// Closes the socket.
    pub fn shut(&self) {
        self.lock().shut();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn shut(&mut self) {
        self.stream = None;
        self.wake();
    }

    fn wake(&mut self) {
        self.reader.take().into_iter().chain(self.writer.take()).for_each(Waker::wake);
    }

    fn look(&mut self, cx: &mut Context<'_>) -> bool {
        if self.defects.has(Defect::NoStaleCheck) {
            return true;
        }
        if self.poll_unasked(cx).is_pending() {
            return !self.spoiled && self.stream.is_some();
        }
        false
    }

    /// Ready when something is there that nobody asked for. Then the socket is closed.
    fn poll_unasked(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(stream) = &mut self.stream else { return Poll::Ready(()) };
        let mut chunk = [0; 512];
        let mut buf = ReadBuf::new(&mut chunk);
        let result = ready!(Pin::new(stream).poll_read(cx, &mut buf));
        if self.defects.has(Defect::LooksForEofOnly) && result.is_ok() && !buf.filled().is_empty() {
            self.kept.extend_from_slice(buf.filled());
            return Poll::Pending;
        }
        self.spoiled = true;
        self.shut();
        Poll::Ready(())
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.reader = Some(cx.waker().clone());
        if self.stream.is_none() {
            return Poll::Ready(self.if_spoiled());
        }
        if !(self.open && self.progress.written) {
            if !self.is_careless() {
                ready!(self.poll_unasked(cx));
                return Poll::Ready(self.if_spoiled());
            }
            return Poll::Pending;
        }
        if self.defects.has(Defect::KeepsSurplus) || !self.kept.is_empty() {
            return self.poll_read_kept(cx, buf);
        }
        let before = buf.filled().len();
        let Some(stream) = &mut self.stream else { return Poll::Ready(Ok(())) };
        let result = ready!(Pin::new(stream).poll_read(cx, buf));
        if buf.filled().len() > before {
            self.note_read();
        } else if result.is_ok() && self.defects.has(Defect::DeafToEof) {
            return Poll::Pending;
        }
        Poll::Ready(result)
    }

    /// The socket was closed under hyper: because something came, or because the pool wanted so.
    fn if_spoiled(&self) -> io::Result<()> {
        if self.spoiled { Err(ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }

    fn note_read(&mut self) {
        let now = Instant::now();
        self.progress.received = true;
        (self.activity.last, self.activity.last_read) = (now, now);
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut dyn Io>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        self.writer = Some(cx.waker().clone());
        let Some(stream) = &mut self.stream else { return Poll::Ready(Err(ErrorKind::BrokenPipe.into())) };
        let now = Instant::now();
        match write(Pin::new(&mut **stream), cx) {
            Poll::Pending => {
                self.activity.blocked_since.get_or_insert(now);
                Poll::Pending
            }
            Poll::Ready(result) => {
                if result.as_ref().is_ok_and(|n| *n > 0) {
                    self.progress.written = true;
                    self.activity.last = now;
                    self.reader.take().into_iter().for_each(Waker::wake);
                }
                self.activity.blocked_since = None;
                Poll::Ready(result)
            }
        }
    }
}

/// What defects need of the gate.
impl Inner {
    /// Idle connections are not watched.
    fn is_careless(&self) -> bool {
        use Defect::*;
        let careless = [NoStaleCheck, LooksForEofOnly, LingersInCloseWait, LooksTooEarly, KeepsSurplus];
        careless.into_iter().any(|defect| self.defects.has(defect)) || self.survives_hyper()
    }

    /// hyper gives the connection up, and the socket is used again all the same.
    fn survives_hyper(&self) -> bool {
        use Defect::*;
        let survivors = [PoolsCancelled, PoolsTimedOut, IgnoresConnectionClose, IgnoresHttp10];
        survivors.into_iter().any(|defect| self.defects.has(defect))
    }

    /// Byte by byte, so that hyper takes no more than its response; it takes one byte more only to find it superfluous.
    fn poll_read_kept(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.kept.is_empty() {
            let Some(stream) = &mut self.stream else { return Poll::Ready(Ok(())) };
            let mut chunk = [0; 4096];
            let mut fresh = ReadBuf::new(&mut chunk);
            ready!(Pin::new(stream).poll_read(cx, &mut fresh))?;
            self.kept.extend_from_slice(fresh.filled());
        }
        if let Some(byte) = self.kept.first().copied() {
            self.kept.advance(1);
            self.served = byte;
            buf.put_slice(&[byte]);
            self.note_read();
        }
        Poll::Ready(Ok(()))
    }
}

impl Gate {
    /// Whether a defect uses the socket again after hyper has given it up.
    pub fn survives_hyper(&self) -> bool {
        let inner = self.lock();
        inner.survives_hyper() || inner.defects.has(Defect::KeepsSurplus)
    }

    /// Puts back the byte that hyper found superfluous. True if there are more of its kind.
    pub fn put_back(&self) -> bool {
        let mut inner = self.lock();
        if inner.kept.is_empty() {
            return false;
        }
        let rest = inner.kept.split();
        let served = inner.served;
        inner.kept.extend_from_slice(&[served]);
        inner.kept.unsplit(rest);
        true
    }
}

/// The gate as hyper's transport.
pub(super) struct GateIo {
    gate: Arc<Gate>,
    generation: u32,
}

impl GateIo {
    fn inner(&self) -> Option<MutexGuard<'_, Inner>> {
        Some(self.gate.lock()).filter(|inner| inner.generation == self.generation)
    }
}

impl AsyncRead for GateIo {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.inner().map_or(Poll::Ready(Ok(())), |mut inner| inner.poll_read(cx, buf))
    }
}

impl AsyncWrite for GateIo {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Some(mut inner) = self.inner() else { return Poll::Ready(Err(ErrorKind::BrokenPipe.into())) };
        inner.poll_write(cx, |stream, cx| stream.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let Some(mut inner) = self.inner() else { return Poll::Ready(Err(ErrorKind::BrokenPipe.into())) };
        inner.poll_write(cx, |stream, cx| stream.poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.inner().as_deref_mut().and_then(|inner| inner.stream.as_mut()) {
            Some(stream) => Pin::new(stream).poll_flush(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(mut inner) = self.inner() else { return Poll::Ready(Ok(())) };
        if inner.survives_hyper() || inner.defects.has(Defect::KeepsSurplus) {
            return Poll::Ready(Ok(()));
        }
        match &mut inner.stream {
            Some(stream) => Pin::new(stream).poll_shutdown(cx),
            None => Poll::Ready(Ok(())),
        }
    }
}
