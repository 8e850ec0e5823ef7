//! Dialling the origin.
//!
//! What a dial came to is what this host's TCP has gone through by the time somebody asks, as on Linux: a connection that
//! opened has opened, whatever came behind the handshake.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use closewait_trace::Millis;
use turmoil_net::shim::tokio::net::TcpStream;

use super::connection::{App, Dialling};
use super::driver::Place;
use super::state::{ORIGIN, PORT, WireState};
use super::{Side, Stream, Wire};

/// A connection attempt. Dropped before it is done, it leaves no socket and sends no SYN again.
///
/// # Errors
/// `ConnectionRefused` when RST answers the SYN, `TimedOut` after 127 s of silence. Polled late, also what has become of
/// the connection since it opened: `ConnectionReset` after RST, `BrokenPipe` after FIN and then RST (as Linux).
pub struct Connect {
    wire: Wire,
    /// From the SYN to the outcome.
    socket: Option<Stream>,
    connection: Option<u32>,
}

impl Wire {
    /// Dials the origin from the client's host.
    pub fn connect(&self) -> Connect {
        Connect::new(self.clone())
    }
}

impl Connect {
    fn new(wire: Wire) -> Self {
        Self { wire, socket: None, connection: None }
    }

    /// The number that the connection has on the wire, from 1, once its SYN was sent.
    pub fn connection(&self) -> Option<u32> {
        self.connection
    }

    /// Sends the SYN.
    fn begin(&mut self) -> io::Result<()> {
        let begun = self.wire.act(|state, now| state.dial(now));
        let connection = begun.unwrap_or(Err(ErrorKind::NotConnected.into()))?;
        let socket = Stream::of(self.wire.clone(), Place { connection, side: Side::Client });
        self.connection = Some(socket.connection());
        self.socket = Some(socket);
        Ok(())
    }
}

impl Future for Connect {
    type Output = io::Result<Stream>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.connection.is_none() {
            self.begin()?;
        }
        let Some(socket) = &self.socket else { return Poll::Ready(Err(ErrorKind::NotConnected.into())) };
        let error = ready!(socket.poll_outcome(cx));
        let socket = self.socket.take();
        Poll::Ready(match (error, socket) {
            (None, Some(socket)) => Ok(socket),
            (error, _) => Err(error.unwrap_or(ErrorKind::NotConnected).into()),
        })
    }
}

impl WireState {
    /// `connect(2)`: a SYN leaves. The index of the connection.
    ///
    /// # Errors
    /// `AddrNotAvailable` once every port is taken.
    fn dial(&mut self, now: Millis) -> io::Result<usize> {
        self.enter(Side::Client);
        let mut dialling: Dialling = Box::pin(TcpStream::connect((ORIGIN, PORT)));
        if let Poll::Ready(Err(_)) = dialling.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return Err(ErrorKind::AddrNotAvailable.into());
        }
        self.egress(now);
        // No other SYN can have come between.
        let connection = self.connections.len() - 1;
        let end = self.connections[connection].end_mut(Side::Client);
        end.dialling = Some(dialling);
        end.app = App::Holds;
        Ok(connection)
    }

    /// This end's TCP has heard something: if that was the answer to its SYN, the socket is open, or is none.
    pub fn settle_dial(&mut self, connection: usize, side: Side) {
        self.enter(side);
        let end = self.connections[connection].end_mut(side);
        let Some(dialling) = &mut end.dialling else { return };
        if let Poll::Ready(socket) = dialling.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            end.tcp = socket.ok();
            end.dialling = None;
        }
    }
}
