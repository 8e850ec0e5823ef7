//! Where connections come from.

use std::io;

use closewait_simulator::net::Wire;
use tokio::io::{AsyncRead, AsyncWrite};

use super::super::transport::BoxFuture;

/// A byte stream to the origin.
pub trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// A connection that has been opened.
pub struct Dialled {
    /// The bytes.
    pub io: Box<dyn Io>,
    /// What is to be spoken on it: known beforehand, or agreed by ALPN.
    pub http2: bool,
}

/// Opens connections to one origin. Dropping the future stops the attempt.
pub trait Dial: Send + Sync + 'static {
    /// Opens a connection.
    fn dial(&self) -> BoxFuture<'static, io::Result<Dialled>>;
}

impl Dial for Wire {
    fn dial(&self) -> BoxFuture<'static, io::Result<Dialled>> {
        let connecting = self.connect();
        Box::pin(async move { Ok(Dialled { io: Box::new(connecting.await?), http2: false }) })
    }
}

impl<D: Dial + ?Sized> Dial for Box<D> {
    fn dial(&self) -> BoxFuture<'static, io::Result<Dialled>> {
        (**self).dial()
    }
}

/// Dials an origin that is known to speak HTTP/2 (RFC 9113 section 3.3).
pub struct PriorKnowledge<D>(pub D);

impl<D: Dial> Dial for PriorKnowledge<D> {
    fn dial(&self) -> BoxFuture<'static, io::Result<Dialled>> {
        let dialling = self.0.dial();
        Box::pin(async move { Ok(Dialled { http2: true, ..dialling.await? }) })
    }
}
