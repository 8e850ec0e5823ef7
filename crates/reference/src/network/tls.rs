//! TLS on the connections of another dialler.

use std::io;
use std::io::IoSlice;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::super::transport::BoxFuture;
use super::dial::{Dial, Dialled, Io};
use crate::defect::{Defect, Defects};

/// Dials by another dialler and speaks TLS. The handshake is part of dialling, and so of the connect timeout; what
/// is spoken on the connection is what ALPN agreed on.
pub struct TlsDial<D> {
    inner: D,
    connector: TlsConnector,
    host: ServerName<'static>,
    defects: Defects,
}

impl<D: Dial> TlsDial<D> {
    /// For an origin of this name.
    pub fn new(inner: D, config: ClientConfig, host: ServerName<'static>) -> Self {
        Self::with_defects(inner, config, host, Defects::default())
    }

    pub(crate) fn with_defects(
        inner: D,
        config: ClientConfig,
        host: ServerName<'static>,
        defects: Defects,
    ) -> Self {
        Self { inner, connector: TlsConnector::from(Arc::new(config)), host, defects }
    }
}

impl<D: Dial> Dial for TlsDial<D> {
    fn dial(&self) -> BoxFuture<'static, io::Result<Dialled>> {
        let (dialling, connector) = (self.inner.dial(), self.connector.clone());
        let (host, defects) = (self.host.clone(), self.defects);
        Box::pin(async move {
            let tcp = dialling.await?.io;
            let stream = connector.connect(host, tcp).await?;
            let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            Ok(Dialled { io: Box::new(Farewell { stream, defects }), http2 })
        })
    }
}

/// A TLS stream that says close_notify when it is dropped, as RFC 8446 section 6.1 asks of whoever closes.
struct Farewell {
    stream: TlsStream<Box<dyn Io>>,
    defects: Defects,
}

impl Drop for Farewell {
    fn drop(&mut self) {
        // What the socket does not take now is not worth waiting for.
        let _ = Pin::new(&mut self.stream).poll_shutdown(&mut Context::from_waker(Waker::noop()));
    }
}

impl AsyncRead for Farewell {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Ready(Err(error))
                if error.kind() == io::ErrorKind::UnexpectedEof
                    && self.defects.has(Defect::TrustsFinUnderTls) =>
            {
                Poll::Ready(Ok(()))
            }
            read => read,
        }
    }
}

impl AsyncWrite for Farewell {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
