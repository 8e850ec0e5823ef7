//! The simulated connector, for whatever dials through `tower_service::Service<Uri>`.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;

use crate::net::{Stream, Wire};

/// Dials the simulated origin, whatever the URI. It is what hyper-util's legacy client calls `Connect`.
#[derive(Clone)]
pub struct Connector {
    wire: Wire,
    timeout: Option<Duration>,
}

impl Connector {
    /// A connector without a limit of its own.
    pub fn new(wire: Wire) -> Self {
        Self { wire, timeout: None }
    }

    /// Gives up on a connection after this long.
    #[must_use]
    pub fn with_timeout(self, timeout: Option<Duration>) -> Self {
        Self { timeout, ..self }
    }

    /// Dials: for clients that take a stream with tokio's traits.
    ///
    /// # Errors
    /// As [`Connect`](crate::net::Connect), and `TimedOut` where the limit passed.
    pub fn dial(&self) -> impl Future<Output = io::Result<Stream>> + Send + 'static {
        let dialling = self.wire.connect();
        let dialling = async { dialling.await.map_err(|error| DialFailed::mark(&error)) };
        let timeout = self.timeout;
        async move {
            let Some(limit) = timeout else { return dialling.await };
            let in_time = tokio::time::timeout(limit, dialling).await;
            in_time.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "connect timed out"))?
        }
    }
}

/// Within an error of `connect(2)`: whatever its kind, there is no connection. Asked late, Linux calls a dial reset that
/// others see open.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct DialFailed(io::ErrorKind);

impl DialFailed {
    pub(super) fn mark(error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), Self(error.kind()))
    }

    pub(super) fn marks(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<Self>())
    }
}

impl tower_service::Service<Uri> for Connector {
    type Response = HyperStream;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<HyperStream>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let dialling = self.dial();
        Box::pin(async move { dialling.await.map(HyperStream::new) })
    }
}

/// A simulated stream with hyper's traits. A type of ours, since hyper-util's own `TokioIo` is a [`Connection`] only from
/// 0.1.4 on.
pub struct HyperStream(TokioIo<Stream>);

impl HyperStream {
    fn new(stream: Stream) -> Self {
        Self(TokioIo::new(stream))
    }
}

impl Connection for HyperStream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for HyperStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl Write for HyperStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, slices)
    }
}
