//! A loopback port that stands for the origin, for clients that cannot be handed a stream.
//!
//! The unmodified client dials it as it would dial anything. For each connection a gateway dials the
//! simulated origin and carries bytes, FIN and RST both ways, within one instant of virtual time.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::pace::Pace;
use super::{Stream, Wire};

/// The port, and what keeps virtual time from running away from real sockets.
pub struct Bridge {
    address: SocketAddr,
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
    /// Opens the port and serves it until the runtime ends.
    ///
    /// # Errors
    /// When no loopback port can be had.
    pub async fn open(wire: Wire, pace: Arc<Pace>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let trouble = Arc::new(Trouble::default());
        tokio::spawn(serve(listener, wire, pace, trouble.clone()));
        Ok(Self { address, trouble })
    }

    /// Where the client is to dial.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Why what the client saw is not what it would have seen on the wire, if so.
    pub fn distortion(&self) -> Option<&'static str> {
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
        let lost = self.trouble.noticed.load(Relaxed) || self.trouble.connecting.load(Relaxed) > 0;
        lost.then_some(
            "a fault of the connect phase does not cross the loopback bridge: loopback accepts at once",
        )
    }
}

async fn serve(listener: TcpListener, wire: Wire, pace: Arc<Pace>, trouble: Arc<Trouble>) {
    while let Ok((real, _)) = listener.accept().await {
        pace.touch();
        tokio::spawn(gateway(real, wire.clone(), pace.clone(), trouble.clone()));
    }
}

async fn gateway(real: TcpStream, wire: Wire, pace: Arc<Pace>, trouble: Arc<Trouble>) {
    // Without it the kernel may hold back small writes until an acknowledgement, in real time.
    let _ = real.set_nodelay(true);
    trouble.connecting.fetch_add(1, Relaxed);
    let start = Instant::now();
    let dialled = wire.connect().await;
    trouble.connecting.fetch_sub(1, Relaxed);
    if dialled.is_err() || start.elapsed() >= PLAIN_CONNECT {
        trouble.noticed.store(true, Relaxed);
    }
    let Ok(simulated) = dialled else {
        abort(&real);
        return;
    };
    carry(real, simulated, &pace, &trouble).await;
}

/// Carries both ways until both have ended, or one end is reset.
async fn carry(real: TcpStream, simulated: Stream, pace: &Pace, trouble: &Trouble) {
    let ended = tokio::select! {
        biased;
        ended = async { tokio::try_join!(outbound(&real, &simulated, pace, trouble), inbound(&simulated, &real, pace)) } => ended,
        // After its FIN, too, an origin can reset; nobody reads then who would notice.
        () = simulated.died_after_fin() => Err(Lost::Origin),
    };
    match ended {
        Ok(_) => {}
        Err(Lost::Client) => simulated.reset(),
        Err(Lost::Origin) => {
            // A writer may learn of the reset first: what came before it is the client's to read.
            carry_what_is_left(&simulated, &real).await;
            if simulated.death() == Some(io::ErrorKind::TimedOut) {
                trouble.timed_out.store(true, Relaxed);
            }
            abort(&real);
        }
    }
    pace.touch();
}

fn zero_if_full(error: io::Error) -> io::Result<usize> {
    if error.kind() == io::ErrorKind::WouldBlock { Ok(0) } else { Err(error) }
}

/// Which socket failed, so that the other can be told.
enum Lost {
    Client,
    Origin,
}

async fn outbound(real: &TcpStream, simulated: &Stream, pace: &Pace, trouble: &Trouble) -> Result<(), Lost> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let n = read_real(real, &mut chunk).await.map_err(|_| Lost::Client)?;
        pace.touch();
        if n == 0 {
            simulated.half_close();
            return Ok(());
        }
        let taken = simulated.try_write(&chunk[..n]).or_else(zero_if_full).map_err(|_| Lost::Origin)?;
        if taken < n {
            trouble.held_back.store(true, Relaxed);
            simulated.write_all(&chunk[taken..n]).await.map_err(|_| Lost::Origin)?;
        }
    }
}

async fn inbound(simulated: &Stream, real: &TcpStream, pace: &Pace) -> Result<(), Lost> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let n = simulated.read(&mut chunk).await.map_err(|_| Lost::Origin)?;
        pace.touch();
        if n == 0 {
            // Fails where the client has closed already: then there is nobody to tell.
            let _ = SockRef::from(real).shutdown(Shutdown::Write);
            return Ok(());
        }
        write_real(real, &chunk[..n]).await.map_err(|_| Lost::Client)?;
    }
}

async fn carry_what_is_left(simulated: &Stream, real: &TcpStream) {
    let mut chunk = vec![0; CHUNK];
    while let Ok(n @ 1..) = simulated.read(&mut chunk).await {
        if write_real(real, &chunk[..n]).await.is_err() {
            return;
        }
    }
}

const CHUNK: usize = 16 * 1024;

async fn read_real(real: &TcpStream, chunk: &mut [u8]) -> io::Result<usize> {
    loop {
        real.readable().await?;
        match real.try_read(chunk) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            result => return result,
        }
    }
}

async fn write_real(real: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        real.writable().await?;
        match real.try_write(bytes) {
            Ok(n) => bytes = &bytes[n..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Closing then sends RST instead of FIN.
fn abort(real: &TcpStream) {
    let _ = real.set_zero_linger();
}
