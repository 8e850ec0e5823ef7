//! Keeps virtual time from running ahead of real sockets.
//!
//! A paused tokio clock jumps to the next timer whenever the runtime goes idle, even if the same look at
//! epoll brought events: they would be handled at the later instant. So before every jump the event loop
//! turns once more, and again whenever the bridge has carried something.
//!
//! On a busy machine the kernel may also put off what goes over loopback to a thread of its own, so that
//! what one socket sent is not at the other when the call returns. A datagram sent after it goes through the
//! same queue: once it has come round, so has everything before it. `tests/suite/late_loopback.rs` has a loopback that is late.

use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// Quiet turns of the event loop before time may go on. One would do: a timer makes the client close its
/// socket, and the next turn tells the bridge. The other is for a client that takes a turn to think.
const QUIET_TURNS: u32 = 2;

/// Far more than the kernel ever takes; past it the datagram is lost, which loopback does not do.
const ROUND_TRIP: Duration = Duration::from_secs(1);

/// Counts quiet turns of the event loop within one instant.
pub struct Pace {
    carried: AtomicBool,
    quiet: AtomicU32,
    instant: Mutex<Option<Instant>>,
    turn: Notify,
    probe: UdpSocket,
}

impl Pace {
    /// Opens the socket for the datagrams.
    ///
    /// # Errors
    /// When no loopback port can be had.
    pub fn new() -> io::Result<Self> {
        let probe = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        probe.connect(probe.local_addr()?)?;
        probe.set_read_timeout(Some(ROUND_TRIP))?;
        Ok(Self {
            carried: AtomicBool::default(),
            quiet: AtomicU32::default(),
            instant: Mutex::default(),
            turn: Notify::new(),
            probe,
        })
    }

    /// Something crossed the bridge.
    pub fn touch(&self) {
        self.carried.store(true, Relaxed);
    }

    /// To be called whenever the runtime is about to go idle. Waking [`Pace::keep`] makes tokio look
    /// at epoll without advancing the clock.
    pub fn before_idle(&self) {
        let now = Instant::now();
        let mut instant = self.instant.lock().expect("nobody panics with this lock");
        if self.carried.swap(false, Relaxed) || *instant != Some(now) {
            *instant = Some(now);
            self.quiet.store(0, Relaxed);
        }
        if self.quiet.fetch_add(1, Relaxed) < QUIET_TURNS {
            self.wait_for_loopback();
            self.turn.notify_one();
        }
    }

    /// Returns when all that was sent over loopback before has arrived.
    fn wait_for_loopback(&self) {
        // Without the round trip the turns that follow are all there is: no worse than not asking.
        if self.probe.send(&[0]).is_ok() {
            let _ = self.probe.recv(&mut [0]);
        }
    }

    /// Takes the wake-ups of [`Pace::before_idle`], for ever. Poll it in the main task of the runtime.
    pub async fn keep(self: Arc<Self>) {
        loop {
            self.turn.notified().await;
        }
    }
}
