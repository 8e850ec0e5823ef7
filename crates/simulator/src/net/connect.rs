//! Dialling the origin.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use turmoil_net::shim::tokio::net::TcpStream;

use super::connection::App;
use super::driver::Place;
use super::state::{ORIGIN, PORT};
use super::{Side, Stream, Wire};

/// A connection attempt. Dropped before it is done, it leaves no socket and sends no SYN again.
///
/// # Errors
/// `ConnectionRefused` when RST answers the SYN, `TimedOut` after 127 s of silence (as Linux).
pub struct Connect {
    wire: Wire,
    dialling: Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>,
    answer: Arc<Answer>,
    connection: Option<usize>,
    done: bool,
}

impl Connect {
    pub(super) fn new(wire: Wire) -> Self {
        let answer = Arc::new(Answer { wire: wire.clone(), task: Mutex::new(None) });
        Self {
            wire,
            dialling: Box::pin(TcpStream::connect((ORIGIN, PORT))),
            answer,
            connection: None,
            done: false,
        }
    }

    /// The number that the connection has on the wire, from 1, once its SYN was sent.
    pub fn connection(&self) -> Option<u32> {
        self.connection.map(|index| index as u32 + 1)
    }

    fn poll_socket(&mut self) -> Poll<io::Result<TcpStream>> {
        let waker = Waker::from(self.answer.clone());
        self.wire
            .with(|state| state.enter(Side::Client))
            .map_or(Poll::Ready(Err(io::ErrorKind::NotConnected.into())), |()| {
                self.dialling.as_mut().poll(&mut Context::from_waker(&waker))
            })
    }

    fn error(&self, error: io::Error) -> io::Error {
        let index = self.connection;
        let why = self.wire.with(|state| index.and_then(|i| state.connections[i].end(Side::Client).dead));
        match why.flatten() {
            Some(io::ErrorKind::TimedOut) => io::ErrorKind::TimedOut.into(),
            _ => error,
        }
    }
}

impl Future for Connect {
    type Output = io::Result<Stream>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        *self.answer.task.lock().expect("nobody panics with this lock") = Some(cx.waker().clone());
        let polled = self.poll_socket();
        if self.connection.is_none() {
            // The SYN leaves in the first poll: no other can come between.
            self.wire.act(|_, _| ());
            self.connection = (self.wire.connections() as usize).checked_sub(1);
        }
        match polled {
            Poll::Pending => Poll::Pending,
            Poll::Ready(result) => {
                self.done = true;
                let connection = self.connection;
                Poll::Ready(match (result, connection) {
                    (Ok(tcp), Some(connection)) => {
                        Ok(Stream::attach(self.wire.clone(), Place { connection, side: Side::Client }, tcp))
                    }
                    (Ok(_), None) => Err(io::ErrorKind::NotConnected.into()),
                    (Err(error), _) => Err(self.error(error)),
                })
            }
        }
    }
}

impl Drop for Connect {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        let Some(()) = self.wire.with(|state| state.enter(Side::Client)) else {
            // The network is gone, and with it the socket: what is left must not call into it.
            std::mem::forget(std::mem::replace(&mut self.dialling, Box::pin(std::future::pending())));
            return;
        };
        self.dialling = Box::pin(std::future::pending());
        let connection = self.connection;
        self.wire.act(|state, _| {
            if let Some(index) = connection {
                let end = state.connections[index].end_mut(Side::Client);
                end.app = App::Gone;
                end.quiet();
            }
        });
    }
}

/// Passes the kernel's wake-up on at the next turn of the event loop, where a real one would notice it.
struct Answer {
    wire: Wire,
    task: Mutex<Option<Waker>>,
}

impl Wake for Answer {
    fn wake(self: Arc<Self>) {
        let task = self.task.lock().expect("nobody panics with this lock").take();
        if let Some(task) = task {
            self.wire.wake_connected(task);
        }
    }
}
