//! The origin's port.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::task::Poll;

use turmoil_net::shim::tokio::net::TcpListener;

use super::driver::Place;
use super::state::{ORIGIN, PORT};
use super::{Side, Stream, Wire};

/// Accepts connections on the origin's host.
pub struct Listener {
    wire: Wire,
    tcp: Option<TcpListener>,
}

impl Wire {
    /// Opens the origin's port.
    pub async fn listen(&self) -> io::Result<Listener> {
        Listener::bind(self.clone()).await
    }
}

impl Listener {
    async fn bind(wire: Wire) -> io::Result<Self> {
        let mut binding = pin!(TcpListener::bind((ORIGIN, PORT)));
        let tcp = poll_fn(|cx| {
            wire.with(|state| state.enter(Side::Origin));
            binding.as_mut().poll(cx)
        })
        .await?;
        Ok(Self { wire, tcp: Some(tcp) })
    }

    /// The next connection.
    ///
    /// # Errors
    /// `NotConnected` once the network was dropped.
    pub async fn accept(&self) -> io::Result<Stream> {
        let (tcp, peer) = poll_fn(|cx| {
            let Some(tcp) = &self.tcp else { return Poll::Pending };
            match self.wire.with(|state| state.enter(Side::Origin)) {
                Some(()) => tcp.poll_accept(cx),
                None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
            }
        })
        .await?;
        let connection = self.wire.with(|state| state.by_port(peer.port())).flatten();
        let connection = connection.ok_or(io::ErrorKind::NotConnected)?;
        Ok(Stream::attach(self.wire.clone(), Place { connection, side: Side::Origin }, tcp))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let tcp = self.tcp.take();
        if self.wire.with(|state| state.enter(Side::Origin)).is_some() {
            drop(tcp);
        } else {
            // The network is gone, and with it the socket: dropping would call into it.
            std::mem::forget(tcp);
        }
    }
}
