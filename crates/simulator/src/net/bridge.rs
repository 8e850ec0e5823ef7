//! A loopback port that stands for the origin, for clients that cannot be handed a stream.
//!
//! The unmodified client dials it as it would dial anything. For each connection a gateway dials the
//! simulated origin and carries bytes, FIN and RST both ways, within one instant of virtual time.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

use super::line::{Arrived, Line, Then};
use super::pace::Pace;
use super::{Stream, Wire};

/// What carries between real and simulated sockets, and what it could not carry.
pub struct Bridge {
    pace: Arc<Pace>,
    trouble: Arc<Trouble>,
}

/// What did not cross: loopback accepts at once, so a client never learns how its connect really went.
#[derive(Default)]
struct Trouble {
    /// A connect failed, or took longer than the first retransmission of a SYN.
    noticed: AtomicBool,
    /// The simulated TCP gave up: loopback has no way to say so.
    timed_out: AtomicBool,
    /// The simulated socket did not take an upload at once. Loopback's buffers take it instead, and how much of
    /// it is up to the system: no two runs need be the same.
    held_back: AtomicBool,
    connecting: AtomicU32,
}

/// A connect that takes this long has lost a SYN on its way: the client would have waited, or given up.
const PLAIN_CONNECT: Duration = Duration::from_secs(1);

impl Bridge {
    /// Serves the port until the runtime ends.
    pub fn open(wire: Wire, pace: Arc<Pace>) -> Self {
        let trouble = Arc::new(Trouble::default());
        tokio::spawn(serve(wire, pace.clone(), trouble.clone()));
        Self { pace, trouble }
    }

    /// Why what the client saw is not what it would have seen on the wire, if so.
    pub fn distortion(&self) -> Option<String> {
        self.pace.given_up().or_else(|| self.not_carried()).map(str::to_owned)
    }

    fn not_carried(&self) -> Option<&'static str> {
        if self.trouble.timed_out.load(Relaxed) {
            return Some(
                "a timeout of TCP itself does not cross the loopback bridge: the client sees a reset",
            );
        }
        if self.trouble.held_back.load(Relaxed) {
            return Some(
                "an upload that has to wait for the network does not cross the loopback bridge: loopback's buffers take it",
            );
        }
        if self.pace.was_full() {
            return Some(
                "a download that the client does not read does not cross the loopback bridge: loopback's buffers take some of it",
            );
        }
        let lost = self.trouble.noticed.load(Relaxed) || self.trouble.connecting.load(Relaxed) > 0;
        lost.then_some(
            "a fault of the connect phase does not cross the loopback bridge: loopback accepts at once",
        )
    }
}

async fn serve(wire: Wire, pace: Arc<Pace>, trouble: Arc<Trouble>) {
    loop {
        for line in pace.accept().await {
            tokio::spawn(gateway(line, wire.clone(), trouble.clone()));
        }
    }
}

async fn gateway(line: Arc<Line>, wire: Wire, trouble: Arc<Trouble>) {
    trouble.connecting.fetch_add(1, Relaxed);
    let start = Instant::now();
    let dialled = wire.connect().await;
    trouble.connecting.fetch_sub(1, Relaxed);
    if dialled.is_err() || start.elapsed() >= PLAIN_CONNECT {
        trouble.noticed.store(true, Relaxed);
    }
    match dialled {
        Ok(simulated) => carry(&line, simulated, &trouble).await,
        Err(_) => line.abort(),
    }
}

/// Carries both ways until both have ended, or one end is reset.
async fn carry(line: &Line, simulated: Stream, trouble: &Trouble) {
    let ended = tokio::select! {
        biased;
        ended = async { tokio::try_join!(outbound(line, &simulated, trouble), inbound(&simulated, line)) } => ended,
        // After its FIN, too, an origin can reset; nobody reads then who would notice.
        () = simulated.died_after_fin() => Err(Lost::Origin),
    };
    match ended {
        Ok(_) => line.close(),
        Err(Lost::Client) => {
            simulated.reset();
            line.close();
        }
        Err(Lost::Origin) => {
            // A writer may learn of the reset first: what came before it is the client's to read.
            carry_what_is_left(&simulated, line).await;
            if simulated.death() == Some(io::ErrorKind::TimedOut) {
                trouble.timed_out.store(true, Relaxed);
            }
            line.abort();
        }
    }
}

fn zero_if_full(error: io::Error) -> io::Result<usize> {
    if error.kind() == io::ErrorKind::WouldBlock { Ok(0) } else { Err(error) }
}

/// Which socket failed, so that the other can be told.
enum Lost {
    Client,
    Origin,
}

async fn outbound(line: &Line, simulated: &Stream, trouble: &Trouble) -> Result<(), Lost> {
    loop {
        line.arrival().await;
        let Arrived { bytes, then } = line.take();
        let taken = if bytes.is_empty() { Ok(0) } else { simulated.try_write(&bytes).or_else(zero_if_full) };
        let taken = taken.map_err(|_| Lost::Origin)?;
        if taken < bytes.len() {
            trouble.held_back.store(true, Relaxed);
            line.hold(true);
            simulated.write_all(&bytes[taken..]).await.map_err(|_| Lost::Origin)?;
            line.hold(false);
        }
        match then {
            Then::More => {}
            Then::Fin => {
                simulated.half_close();
                return Ok(());
            }
            Then::Reset => return Err(Lost::Client),
        }
    }
}

async fn inbound(simulated: &Stream, line: &Line) -> Result<(), Lost> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let n = simulated.read(&mut chunk).await.map_err(|_| Lost::Origin)?;
        if n == 0 {
            line.half_close();
            return Ok(());
        }
        line.write_all(&chunk[..n]).await.map_err(|_| Lost::Client)?;
    }
}

async fn carry_what_is_left(simulated: &Stream, line: &Line) {
    let mut chunk = vec![0; CHUNK];
    while let Ok(n @ 1..) = simulated.read(&mut chunk).await {
        if line.write_all(&chunk[..n]).await.is_err() {
            return;
        }
    }
}

const CHUNK: usize = 16 * 1024;
