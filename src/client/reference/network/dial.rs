//! Where connections come from.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

use super::super::transport::BoxFuture;
use crate::net::Wire;

/// A byte stream to the origin.
pub trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// Opens connections to one origin. Dropping the future stops the attempt.
pub trait Dial: Send + Sync + 'static {
    /// Opens a connection.
    fn dial(&self) -> BoxFuture<'static, io::Result<Box<dyn Io>>>;
}

impl Dial for Wire {
    fn dial(&self) -> BoxFuture<'static, io::Result<Box<dyn Io>>> {
        let connecting = self.connect();
        Box::pin(async move {
            let stream: Box<dyn Io> = Box::new(connecting.await?);
            Ok(stream)
        })
    }
}
