//! A simulated socket as an application on Linux sees it through tokio.
//!
//! tokio does not ask the kernel each time: it caches what epoll last reported, and after a read that
//! came up short it does not try again until the event loop has turned. A stream that looked straight
//! into the simulated kernel would be kinder than any real one.

use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use turmoil_net::shim::tokio::net::TcpStream;

use super::Wire;
use super::connection::{App, End};
use super::driver::Place;
use super::state::{News, Patience, WireState};

/// One end of a simulated connection. Dropping it closes the socket.
pub struct Stream {
    wire: Wire,
    place: Place,
}

impl Stream {
    /// A socket that is being dialled.
    pub(super) fn of(wire: Wire, place: Place) -> Self {
        Self { wire, place }
    }

    /// A socket that was accepted.
    pub(super) fn attach(wire: Wire, place: Place, tcp: TcpStream) -> Self {
        let Place { connection, side } = place;
        wire.act(|state, _| {
            let end = state.connections[connection].end_mut(side);
            end.tcp = Some(tcp);
            end.app = App::Holds;
            end.readiness.writable = true;
            // epoll reports on registration what is there already.
            let closed = end.dead.is_some() || end.fin_received;
            let readable = end.unread > 0 || closed;
            state.events.push(News { connection, side, readable, writable: false, closed });
        });
        Self::of(wire, place)
    }

    /// Resolves when the SYN has its answer, or never gets one: with the error, if any (as tokio does: writable, then `SO_ERROR`).
    pub(super) fn poll_outcome(&self, cx: &mut Context<'_>) -> Poll<Option<ErrorKind>> {
        let outcome = self.wire.with(|state| {
            let end = state.connections[self.place.connection].end_mut(self.place.side);
            if end.readiness.writable {
                return Poll::Ready(end.take_error());
            }
            end.readiness.writer = Some(cx.waker().clone());
            Poll::Pending
        });
        outcome.unwrap_or(Poll::Ready(Some(ErrorKind::NotConnected)))
    }

    /// The connection's number, from 1, in the order of their SYNs.
    pub fn connection(&self) -> u32 {
        self.place.connection as u32 + 1
    }

    /// Half-closes: FIN leaves after what was written; reading goes on.
    pub fn half_close(&self) {
        self.act(shut_down);
    }

    /// Aborts: RST leaves, and the socket is dead at once.
    pub fn reset(&self) {
        self.act(|state, place, now| state.reset(place.connection, place.side, now));
    }

    /// Closes, as `close(2)`: FIN leaves, or RST where something was left unread; later data is answered with RST.
    pub fn close(&self) {
        let Place { connection, side } = self.place;
        let wakers = self.act(|state, place, now| {
            state.note_close(place, now);
            state.enter(side);
            let end = state.connections[connection].end_mut(side);
            end.app = App::Gone;
            end.tcp = None;
            if end.dialling.take().is_some() {
                // No FIN: there is nobody to say it to.
                end.quiet();
            } else {
                end.finishing = true;
            }
            [end.readiness.reader.take(), end.readiness.writer.take()]
        });
        wakers.into_iter().flatten().flatten().for_each(Waker::wake);
    }

    /// Why the socket is dead, if it is.
    pub(super) fn death(&self) -> Option<ErrorKind> {
        let Place { connection, side } = self.place;
        self.wire.with(|state| state.connections[connection].end(side).dead).flatten()
    }

    /// Resolves when the socket dies though the peer has said FIN: a reader has seen the end, and learns no more.
    pub(super) async fn died_after_fin(&self) {
        let Place { connection, side } = self.place;
        let is_dead = || {
            let dead = self.wire.with(|state| {
                let end = state.connections[connection].end(side);
                end.fin_received && end.dead.is_some()
            });
            dead.unwrap_or(true)
        };
        while !is_dead() {
            self.wire.moved().await;
        }
    }

    /// Writes what the socket buffer takes now; the number of bytes taken.
    ///
    /// # Errors
    /// As [`AsyncWrite::poll_write`]; `WouldBlock` when the buffer is full.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.act(|state, place, _| write(state, place, &[IoSlice::new(bytes)]))
            .unwrap_or(Err(ErrorKind::NotConnected.into()))
    }

    /// Waits until the socket takes bytes again, or is dead.
    pub async fn writable(&self) {
        poll_fn(|cx| {
            let ready = self.wire.with(|state| {
                let end = state.connections[self.place.connection].end_mut(self.place.side);
                if end.readiness.writable || end.dead.is_some() || end.app == App::Gone {
                    return true;
                }
                end.readiness.writer = Some(cx.waker().clone());
                false
            });
            if ready.unwrap_or(true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Reads what there is; 0 is the end.
    ///
    /// # Errors
    /// As [`AsyncRead::poll_read`].
    pub async fn read(&self, chunk: &mut [u8]) -> io::Result<usize> {
        poll_fn(|cx| {
            let mut buf = ReadBuf::new(chunk);
            ready!(self.poll_read_some(cx, &mut buf))?;
            Poll::Ready(Ok(buf.filled().len()))
        })
        .await
    }

    /// Appends what there is to the buffer, at most so many bytes; 0 is the end.
    ///
    /// # Errors
    /// As [`AsyncRead::poll_read`].
    pub async fn read_into(&self, buffer: &mut BytesMut, most: usize) -> io::Result<usize> {
        poll_fn(|cx| {
            // On the stack of the poll: kept in the future it would be copied with every task.
            let mut chunk = [0; 4096];
            let most = most.min(chunk.len());
            let mut buf = ReadBuf::new(&mut chunk[..most]);
            ready!(self.poll_read_some(cx, &mut buf))?;
            buffer.extend_from_slice(buf.filled());
            Poll::Ready(Ok(buf.filled().len()))
        })
        .await
    }

    /// Writes everything.
    ///
    /// # Errors
    /// As [`AsyncWrite::poll_write`].
    pub async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let n = poll_fn(|cx| self.poll_write_slices(cx, &[IoSlice::new(bytes)])).await?;
            bytes = &bytes[n..];
        }
        Ok(())
    }

    fn act<R>(&self, f: impl FnOnce(&mut WireState, Place, u64) -> R) -> Option<R> {
        self.wire.act(|state, now| f(state, self.place, now))
    }

    /// Counts the poll; an error once a livelock is found, and an unwinding if that is ignored too.
    fn check_livelock(&self) -> io::Result<()> {
        let now = self.wire.now();
        match self.wire.with(|state| state.count_poll(now)).unwrap_or(Patience::Left) {
            Patience::Left => return Ok(()),
            Patience::Lost => {}
            Patience::Exhausted if std::thread::panicking() => {}
            Patience::Exhausted => std::panic::resume_unwind(Box::new(LIVELOCK)),
        }
        self.wire.alarm();
        Err(io::Error::other(LIVELOCK))
    }

    pub(super) fn poll_write_slices(
        &self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // Before the budget of the task: who loops inside one poll would never get past it again.
        self.check_livelock()?;
        let coop = ready!(tokio::task::coop::poll_proceed(cx));
        let result = self.act(|state, place, _| {
            let end = state.connections[place.connection].end_mut(place.side);
            if !end.readiness.writable && end.dead.is_none() {
                end.readiness.writer = Some(cx.waker().clone());
                return Err(ErrorKind::WouldBlock.into());
            }
            let result = write(state, place, slices);
            if matches!(&result, Err(error) if error.kind() == ErrorKind::WouldBlock) {
                let readiness = &mut state.connections[place.connection].end_mut(place.side).readiness;
                readiness.writer = Some(cx.waker().clone());
            }
            result
        });
        let result = pending_if_would_block(result.unwrap_or(Err(ErrorKind::NotConnected.into())));
        if result.is_ready() {
            coop.made_progress();
        }
        result
    }

    pub(super) fn poll_read_some(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check_livelock()?;
        let coop = ready!(tokio::task::coop::poll_proceed(cx));
        let result = self.act(|state, place, now| {
            let end = state.connections[place.connection].end_mut(place.side);
            if let Some(result) = read_without_kernel(end, cx, buf) {
                return result;
            }
            read(state, place, cx, buf, now)
        });
        let result = pending_if_would_block(result.unwrap_or(Err(ErrorKind::NotConnected.into())));
        if result.is_ready() {
            coop.made_progress();
        }
        result
    }
}

const LIVELOCK: &str = "closewait: livelock: the socket is polled without end in one instant";

/// What can be said without asking the kernel: bytes saved from before a RST, the error, or "not ready".
fn read_without_kernel(end: &mut End, cx: &Context<'_>, buf: &mut ReadBuf<'_>) -> Option<io::Result<()>> {
    if end.app == App::Gone {
        return Some(Err(ErrorKind::NotConnected.into()));
    }
    if !end.readiness.readable {
        end.readiness.reader = Some(cx.waker().clone());
        return Some(Err(ErrorKind::WouldBlock.into()));
    }
    if !end.before_reset.is_empty() {
        let n = end.before_reset.len().min(buf.remaining());
        buf.put_slice(&end.before_reset.split_to(n));
        return Some(Ok(()));
    }
    end.dead?;
    Some(end.error_at_end().map_or(Ok(()), |error| Err(error.into())))
}

fn read(
    state: &mut WireState,
    place: Place,
    cx: &Context<'_>,
    buf: &mut ReadBuf<'_>,
    now: u64,
) -> io::Result<()> {
    let room = buf.remaining();
    let unfilled = buf.initialize_unfilled();
    let result = state
        .with_tcp(place.connection, place.side, |tcp| tcp.try_read(unfilled))
        .unwrap_or(Err(ErrorKind::NotConnected.into()));
    let readiness = &mut state.connections[place.connection].end_mut(place.side).readiness;
    match result {
        Ok(n) => {
            buf.advance(n);
            if 0 < n && n < room && !readiness.read_closed {
                // A short read has drained the socket: tokio waits for the next report.
                readiness.readable = false;
            }
            // The simulated TCP may have reported its window by itself.
            state.egress(now);
            state.note_read(place.connection, place.side, n, now);
            Ok(())
        }
        Err(error) => {
            if error.kind() == ErrorKind::WouldBlock {
                readiness.readable = false;
                readiness.reader = Some(cx.waker().clone());
            }
            Err(error)
        }
    }
}

fn write(state: &mut WireState, place: Place, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    let end = state.connections[place.connection].end_mut(place.side);
    if end.dead.is_some() {
        return Err(end.take_error().unwrap_or(ErrorKind::BrokenPipe).into());
    }
    let mut written = 0;
    for slice in slices.iter().filter(|slice| !slice.is_empty()) {
        let result = state
            .with_tcp(place.connection, place.side, |tcp| tcp.try_write(slice))
            .unwrap_or(Err(ErrorKind::NotConnected.into()));
        match result {
            Ok(n) => written += n,
            Err(error) if written == 0 && error.kind() != ErrorKind::WouldBlock => return Err(error),
            Err(_) => break,
        }
        if written > 0 && result.is_ok_and(|n| n < slice.len()) {
            break;
        }
    }
    let end = state.connections[place.connection].end_mut(place.side);
    end.written = end.written.wrapping_add(written as u32);
    let wanted: usize = slices.iter().map(|slice| slice.len()).sum();
    if written < wanted {
        end.readiness.writable = false;
    }
    if written == 0 && wanted > 0 { Err(ErrorKind::WouldBlock.into()) } else { Ok(written) }
}

fn shut_down(state: &mut WireState, place: Place, now: u64) {
    state.note_close(place, now);
    let mut cx = Context::from_waker(Waker::noop());
    // The simulated kernel shuts down at once; an error means that there is nothing left to shut.
    let _ = state.with_tcp(place.connection, place.side, |tcp| Pin::new(tcp).poll_shutdown(&mut cx));
    state.connections[place.connection].end_mut(place.side).finishing = true;
}

fn pending_if_would_block<T>(result: io::Result<T>) -> Poll<io::Result<T>> {
    match result {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Poll::Pending,
        result => Poll::Ready(result),
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.poll_read_some(cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_slices(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_slices(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        // hyper takes another write path, and pools differently, where this is false.
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check_livelock()?;
        self.half_close();
        Poll::Ready(Ok(()))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.close();
    }
}
