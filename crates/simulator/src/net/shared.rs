//! A stream with two holders: a server that reads and writes, and a script that may cut it off.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Stream;

/// A handle on a [`Stream`] that reads and writes. The socket is closed when the server drops this handle, or when the
/// script closes it.
pub struct SharedStream(Arc<Stream>);

impl SharedStream {
    /// The server's handle. Whoever keeps a clone of the `Arc` can reset, half-close or close the same socket.
    pub fn new(stream: Arc<Stream>) -> Self {
        Self(stream)
    }
}

impl AsyncRead for SharedStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.0.poll_read_some(cx, buf)
    }
}

impl AsyncWrite for SharedStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.poll_write_slices(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_write_slices(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.half_close();
        Poll::Ready(Ok(()))
    }
}

impl Drop for SharedStream {
    fn drop(&mut self) {
        // A script that still holds the stream must not keep the socket open: its process has let go of it.
        self.0.close();
    }
}
