//! Keeps virtual time from running ahead of real sockets.
//!
//! A paused tokio clock jumps to the next timer whenever the runtime goes idle. Before it may, loopback has to be at rest
//! (until then real time passes, and virtual time stands), every client's event loop has to have turned since something
//! came to it, and the bridge has to have carried what came to it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

use socket2::{Domain, Socket, Type};
use tokio::sync::Notify;

use super::line::Line;
use super::loopback::{self, Loopback};
use super::patience::{Patience, Waited};

/// The bridge's port, and the rule for when time goes on.
pub struct Pace {
    address: SocketAddr,
    loopback: Mutex<Loopback>,
    patience: Arc<Patience>,
    turn: Notify,
    dialled: Notify,
    full: AtomicBool,
    idle: AtomicBool,
    /// The lab was woken while the runtime was idle: it goes on before any other task has run.
    lab_is_next: AtomicBool,
}

/// Connections that may wait to be accepted: all that a client opens in one instant. The system may allow fewer.
const BACKLOG: i32 = 4096;

impl Pace {
    /// Why no bridged run can be trusted on this system, if so.
    ///
    /// # Errors
    /// When loopback cannot be used.
    pub fn obstacle() -> io::Result<Option<&'static str>> {
        loopback::obstacle()
    }

    /// Opens the port. What it waits in real time is counted into `waited`.
    ///
    /// # Errors
    /// When no loopback port can be had.
    pub fn new(waited: Waited) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        let listener: std::net::TcpListener = socket.into();
        let port = listener.local_addr()?.port();
        let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
        Ok(Self {
            address: address.into(),
            loopback: Mutex::new(Loopback::new(listener, address)),
            patience: Arc::new(Patience::new(waited)),
            turn: Notify::new(),
            dialled: Notify::new(),
            full: AtomicBool::default(),
            idle: AtomicBool::default(),
            lab_is_next: AtomicBool::default(),
        })
    }

    /// Where clients are to dial.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Why the lab gave up waiting for loopback, if it did.
    pub fn given_up(&self) -> Option<&str> {
        self.patience.given_up()
    }

    /// Whether loopback had no room for something when time went on: how much it takes is up to the system.
    pub fn was_full(&self) -> bool {
        self.full.load(Relaxed)
    }

    /// To be called whenever the runtime is about to go idle. It does not go idle, and the clock does not advance, if this
    /// wakes a task.
    pub fn before_idle(&self) {
        let mut loopback = self.at_rest();
        self.idle.store(true, Relaxed);
        // Who has given up carries no more: what cannot be accepted would wait for ever, and keep the runtime from its end.
        let is_over = self.given_up().is_some();
        if !is_over && self.carry(&mut loopback) {
            return;
        }
        if is_over || loopback.tell() {
            self.turn.notify_one();
        } else {
            self.full.fetch_or(loopback.is_full(), Relaxed);
        }
    }

    /// To be called when the runtime was idle.
    pub fn after_idle(&self) {
        self.idle.store(false, Relaxed);
    }

    /// To be called before the lab goes on: the bridge's tasks are woken for what the clients have done until now, so that it
    /// is carried before anything that the lab starts.
    pub fn before_the_lab(&self) {
        if !self.lab_is_next.swap(false, Relaxed) {
            let mut loopback = self.at_rest();
            self.carry(&mut loopback);
        }
    }

    /// The waker of the lab. It tells whether anything can have run since the last look at loopback.
    pub fn waker(self: &Arc<Self>, lab: &Waker) -> Waker {
        Arc::new(LabWaker { pace: self.clone(), lab: lab.clone() }).into()
    }

    fn carry(&self, loopback: &mut Loopback) -> bool {
        if loopback.has_queue() {
            self.dialled.notify_one();
        }
        let lets_on = loopback.let_on();
        lets_on || loopback.has_queue()
    }

    fn at_rest(&self) -> MutexGuard<'_, Loopback> {
        let mut loopback = self.loopback();
        self.patience.wait(|| loopback.look());
        loopback
    }

    /// Takes the wake-ups of [`Pace::before_idle`], until the lab gives up. Poll it in the main task of the runtime: waking
    /// it makes tokio look at epoll without advancing the clock.
    pub async fn keep(&self) {
        while self.given_up().is_none() {
            self.turn.notified().await;
        }
    }

    /// The connections that clients have opened since the last call. Waits until there is one, and the clients are at rest.
    pub(super) async fn accept(&self) -> Vec<Arc<Line>> {
        self.dialled.notified().await;
        self.loopback().accept(&self.patience)
    }

    fn loopback(&self) -> MutexGuard<'_, Loopback> {
        self.loopback.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct LabWaker {
    pace: Arc<Pace>,
    lab: Waker,
}

impl Wake for LabWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.pace.lab_is_next.fetch_or(self.pace.idle.load(Relaxed), Relaxed);
        self.lab.wake_by_ref();
    }
}
