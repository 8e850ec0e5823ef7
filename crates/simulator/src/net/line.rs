//! The real side of one bridged connection.
//!
//! It is read and written without tokio: what has arrived is known from the look at loopback, and is taken when the
//! client is at rest. So where reads cut depends on the client alone.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use socket2::SockRef;
use tokio::sync::Notify;

use super::at_rest::{TcpInfo, TcpState, under_way};
use super::patience::{Motion, Patience};
use super::sockets::{self, ClientEnd};

/// Our socket, and who waits for it.
pub(super) struct Line {
    /// The client's.
    pub port: u16,
    real: Mutex<Option<TcpStream>>,
    client: Mutex<Option<ClientEnd>>,
    arrived: Mutex<Arrived>,
    patience: Arc<Patience>,
    reader: Gate,
    writer: Gate,
    /// The simulated socket has not taken all that was read: what comes behind is not wanted yet.
    held: AtomicBool,
    /// Something was done with our socket since the last look.
    used: AtomicBool,
}

/// Everything that has arrived, and what came behind it.
#[derive(Default)]
pub(super) struct Arrived {
    pub bytes: Vec<u8>,
    pub then: Then,
}

/// What comes after bytes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    #[default]
    More,
    Fin,
    Reset,
}

impl Line {
    /// Takes over a socket that was accepted, and that does not block.
    pub fn new(real: TcpStream, port: u16, patience: Arc<Patience>) -> Self {
        // Without it the kernel may hold back small writes until an acknowledgement, in real time. It fails on a dead socket.
        let _ = real.set_nodelay(true);
        Self {
            port,
            real: Mutex::new(Some(real)),
            client: Mutex::default(),
            arrived: Mutex::default(),
            patience,
            reader: Gate::default(),
            writer: Gate::default(),
            held: AtomicBool::default(),
            used: AtomicBool::default(),
        }
    }

    /// Whether our end was read or written since the last call, or waits for room.
    pub fn was_used(&self) -> bool {
        self.used.swap(false, Relaxed) || self.is_full()
    }

    /// Whether loopback has no room for what the origin has sent: the client does not read.
    pub fn is_full(&self) -> bool {
        self.writer.is_waited_at()
    }

    /// What the kernel says of our end; `None` once it is closed.
    pub fn info(&self) -> Option<TcpInfo> {
        locked(&self.real).as_ref().and_then(sockets::info_of)
    }

    /// Keeps where the client's end is.
    pub fn meet(&self, client: Option<ClientEnd>) {
        *locked(&self.client) = client;
    }

    /// Whether the client's end was there at the last look.
    pub fn has_client(&self) -> bool {
        locked(&self.client).is_some()
    }

    /// What is under way in either direction.
    pub fn under_way(&self, client: Option<&ClientEnd>, ours: Option<&TcpInfo>) -> Option<&'static str> {
        let info = client.map(|client| &client.info);
        self.inbound(client, ours).or_else(|| under_way(ours, info))
    }

    fn inbound(&self, client: Option<&ClientEnd>, ours: Option<&TcpInfo>) -> Option<&'static str> {
        if self.held.load(Relaxed) {
            return None;
        }
        if client.is_some_and(|client| client.info.unsent > 0 || !client.has_room) {
            // What keeps the client from sending on: our window, or an acknowledgement that is due in 40 ms.
            self.drain();
            locked(&self.real).as_ref().map(sockets::acknowledge);
        }
        let no_room = client.filter(|client| !client.has_room).map(|_| "an acknowledgement");
        under_way(client.map(|client| &client.info), ours).or(no_room)
    }

    /// To be called at rest: lets the reader on if something came since it read, and the writer if there may be room again.
    pub fn let_on(&self, ours: &TcpInfo) -> bool {
        let arrived = self.reader.open_after((ours.received, ours.state));
        let acknowledged = self.writer.open_after((ours.acknowledged, ours.state));
        arrived || acknowledged
    }

    /// Waits until something has arrived and the client is at rest.
    pub async fn arrival(&self) {
        self.reader.pass().await;
    }

    /// Says whether what was read is held up on its way to the origin.
    pub fn hold(&self, held: bool) {
        self.held.store(held, Relaxed);
    }

    /// Takes everything that has arrived.
    pub fn take(&self) -> Arrived {
        self.drain();
        let mut arrived = locked(&self.arrived);
        Arrived { bytes: std::mem::take(&mut arrived.bytes), then: arrived.then }
    }

    /// Gets everything out of the kernel.
    fn drain(&self) {
        let mut arrived = locked(&self.arrived);
        let Arrived { bytes, then } = &mut *arrived;
        // The kernel tells of a reset once.
        if *then != Then::Reset {
            *then = match self.using().as_mut().map(|real| real.read_to_end(bytes)) {
                Some(Ok(_)) => Then::Fin,
                Some(Err(error)) if error.kind() == ErrorKind::WouldBlock => Then::More,
                Some(Err(_)) | None => Then::Reset,
            };
        }
    }

    /// Writes everything.
    ///
    /// # Errors
    /// As `write(2)`.
    pub async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.write(bytes) {
                Ok(n) => bytes = &bytes[n..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.writer.pass().await,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let written = match self.using().as_mut() {
            Some(real) => real.write(bytes),
            None => Err(ErrorKind::NotConnected.into()),
        };
        self.settle();
        written
    }

    /// FIN leaves after what was written.
    pub fn half_close(&self) {
        // Fails where the client has closed already: then there is nobody to tell.
        let _ = self.using().as_ref().map(|real| real.shutdown(Shutdown::Write));
        self.settle();
    }

    /// Closes with RST.
    pub fn abort(&self) {
        let _ = self.using().as_ref().map(|real| SockRef::from(real).set_linger(Some(Duration::ZERO)));
        self.close();
    }

    /// Closes.
    pub fn close(&self) {
        *self.using() = None;
        self.settle();
    }

    /// Our socket, to do something with it.
    fn using(&self) -> MutexGuard<'_, Option<TcpStream>> {
        self.used.store(true, Relaxed);
        locked(&self.real)
    }

    /// Waits until all that we sent has arrived, or was answered by a closed socket: what comes to the clients comes in the order
    /// in which it was sent.
    fn settle(&self) {
        let mut client = *locked(&self.client);
        self.patience.wait(|| {
            let (ours, mut there) = (self.info(), client.and_then(|client| client.again()));
            if there.is_none() && ours.is_some_and(|ours| ours.awaits_fin()) {
                client = client.and_then(|client| client.elsewhere()).or(client);
                there = client.and_then(|client| client.again());
            }
            let progress = there.map_or(0, |there| there.received);
            let answer = || there.is_none().then(|| under_way(None, ours.as_ref())).flatten();
            let under_way = under_way(ours.as_ref(), there.as_ref()).or_else(answer);
            under_way.map_or(Motion::AtRest, |what| Motion::UnderWay(what, progress))
        });
    }
}

/// Where a task waits for its socket.
struct Gate {
    latch: Mutex<Latch>,
    opened: Notify,
}

struct Latch {
    task: Task,
    /// What the socket was like when the task was let on.
    seen: (u64, TcpState),
}

#[derive(PartialEq, Eq)]
enum Task {
    Busy,
    Waits,
    /// It was let on, and has not run since.
    LetOn,
}

impl Default for Gate {
    fn default() -> Self {
        let latch = Latch { task: Task::Busy, seen: (0, TcpState::Established) };
        Self { latch: Mutex::new(latch), opened: Notify::new() }
    }
}

impl Gate {
    async fn pass(&self) {
        locked(&self.latch).task = Task::Waits;
        self.opened.notified().await;
        locked(&self.latch).task = Task::Busy;
    }

    fn is_waited_at(&self) -> bool {
        locked(&self.latch).task == Task::Waits
    }

    /// Lets the task on that waits, once for each state of the socket. True until it has run.
    fn open_after(&self, now: (u64, TcpState)) -> bool {
        let mut latch = locked(&self.latch);
        if latch.task == Task::Waits && latch.seen != now {
            *latch = Latch { task: Task::LetOn, seen: now };
            self.opened.notify_one();
        }
        latch.task == Task::LetOn
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
