//! The sockets of this process, asked by their numbers: what Linux's `TCP_INFO` says of both ends of a bridged connection.
//!
//! The client's descriptors are not ours to hold, only to ask about. One may be closed between two questions, and its
//! number be another socket's then: so each look asks anew whose socket it is.

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::ops::Range;
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use closewait_system::descriptor::{self, pollfd};
use socket2::SockRef;

use super::at_rest::{TcpInfo, TcpState, under_way};

/// A client's end of a connection to the bridge.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClientEnd {
    pub port: u16,
    pub info: TcpInfo,
    /// Whether the kernel would take more bytes from the client.
    pub has_room: bool,
    fd: RawFd,
    /// The kernel's name for the socket: never that of another.
    cookie: u64,
}

/// What a walk through the descriptors found.
#[derive(Default)]
pub(super) struct Found {
    /// In the order of their ports.
    pub clients: Vec<ClientEnd>,
    /// Somebody's handshake on loopback has just begun: the kernel does not say with whom.
    pub dialling: bool,
}

/// Looks for the clients that dialled one address.
pub(super) struct Sockets {
    address: SocketAddrV4,
    highest: RawFd,
    polled: Vec<pollfd>,
    /// The ends that were found before, by descriptor.
    known: Vec<ClientEnd>,
}

/// Unused numbers above the highest one seen, before a walk ends. A descriptor gets the lowest number that is free, so a
/// new one lies further up only if as many were opened by other threads since the last walk, and closed again.
const GAP: RawFd = 8;

impl Sockets {
    /// Of those who dial `address`.
    pub fn of(listener: &TcpListener, address: SocketAddrV4) -> Self {
        Self { address, highest: listener.as_raw_fd(), polled: Vec::new(), known: Vec::new() }
    }

    /// Walks through the descriptors.
    pub fn find(&mut self, found: &mut Found) {
        self.known.clone_from(&found.clients);
        found.clients.clear();
        found.dialling = false;
        let mut next = 0;
        while next <= self.highest + GAP {
            let end = self.highest + GAP + 1;
            self.poll(next..end);
            for at in 0..self.polled.len() {
                let polled = self.polled[at];
                if polled.revents & descriptor::POLLNVAL == 0 {
                    self.highest = self.highest.max(polled.fd);
                    self.take_down(polled, found);
                }
            }
            next = end;
        }
        found.clients.sort_unstable_by_key(|client| client.port);
    }

    /// As [`Sockets::find`], among all descriptors there are.
    pub fn find_everywhere(&mut self, found: &mut Found) {
        self.find(found);
        let open = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
        for fd in open.filter_map(|entry| entry.file_name().to_str()?.parse().ok()) {
            if fd > self.highest + GAP {
                self.poll(fd..fd + 1);
                self.take_down(self.polled[0], found);
            }
        }
        self.highest = found.clients.iter().map(|client| client.fd).fold(self.highest, RawFd::max);
        found.clients.sort_unstable_by_key(|client| client.port);
    }

    /// Asks of many at once which are open, and whether they take bytes.
    fn poll(&mut self, numbers: Range<RawFd>) {
        self.polled.clear();
        self.polled.extend(numbers.map(|fd| pollfd { fd, events: descriptor::POLLOUT, revents: 0 }));
        // Fails for more numbers than there may be descriptors: then each is taken for open, and asked for its address.
        if descriptor::poll(&mut self.polled).is_err() {
            self.polled.iter_mut().for_each(|polled| polled.revents = descriptor::POLLOUT);
        }
    }

    fn take_down(&self, polled: pollfd, found: &mut Found) {
        let (fd, has_room) = (polled.fd, polled.revents != 0);
        let known = self.known.iter().find(|known| known.fd == fd);
        if let Some((known, info)) = known.and_then(|known| Some((known, known.again()?))) {
            found.clients.push(ClientEnd { info, has_room, ..*known });
            return;
        }
        let local = descriptor::local_address(fd);
        let Some(local) = local.filter(|local| local.ip().is_loopback() && *local != self.address) else {
            return;
        };
        let Some(info) = tcp_info(fd) else { return };
        let dialled = descriptor::peer_address(fd) == Some(self.address);
        match cookie_of(fd).filter(|_| dialled) {
            Some(cookie) => found.clients.push(ClientEnd { port: local.port(), info, has_room, fd, cookie }),
            None => found.dialling |= info.state == TcpState::SynSent,
        }
    }
}

impl ClientEnd {
    /// What it says now; `None` if it is closed, or dead.
    pub fn again(&self) -> Option<TcpInfo> {
        let same = cookie_of(self.fd) == Some(self.cookie);
        same.then(|| tcp_info(self.fd)).flatten().filter(|info| info.state != TcpState::Closed)
    }
}

/// What one of our own sockets says; `None` if the system does not tell.
pub(super) fn info_of(socket: &impl AsRawFd) -> Option<TcpInfo> {
    tcp_info(socket.as_raw_fd())
}

/// Has everything acknowledged that arrived, and was read, at once. Where that fails, the kernel acknowledges a little later.
pub(super) fn acknowledge(socket: &TcpStream) {
    let _ = SockRef::from(socket).set_tcp_quickack(true);
}

fn cookie_of(fd: RawFd) -> Option<u64> {
    let (cookie, _) = descriptor::option(fd, descriptor::SOL_SOCKET, descriptor::SO_COOKIE).ok()?;
    Some(u64::from_ne_bytes(cookie))
}

/// `struct tcp_info` of linux/tcp.h up to `tcpi_rcv_wnd`, as of Linux 6.2.
const LENGTH: usize = 236;

/// The same up to `tcpi_snd_wnd`, as of Linux 5.4: without less there is no telling.
const LEAST_LENGTH: usize = 232;

fn tcp_info(fd: RawFd) -> Option<TcpInfo> {
    let (bytes, len) =
        descriptor::option::<LENGTH>(fd, descriptor::IPPROTO_TCP, descriptor::TCP_INFO).ok()?;
    let u32_at = |at: usize| u32::from_ne_bytes(std::array::from_fn(|i| bytes[at + i]));
    let u64_at = |at: usize| u64::from_ne_bytes(std::array::from_fn(|i| bytes[at + i]));
    (len >= LEAST_LENGTH).then_some(())?;
    Some(TcpInfo {
        state: state(bytes[0])?,
        segment: u32_at(16),
        unacknowledged: u32_at(24),
        acknowledged: u64_at(120),
        received: u64_at(128),
        unsent: u32_at(144),
        sent: u64_at(200).wrapping_sub(u64_at(208)),
        send_window: u32_at(228),
        receive_window: (len == LENGTH).then(|| u32_at(232)),
    })
}

/// As linux/tcp_states.h numbers them.
fn state(number: u8) -> Option<TcpState> {
    Some(match number {
        1 => TcpState::Established,
        2 => TcpState::SynSent,
        // 12: a SYN that the kernel keeps apart from sockets.
        3 | 12 => TcpState::SynReceived,
        4 => TcpState::FinWait1,
        5 => TcpState::FinWait2,
        6 => TcpState::TimeWait,
        7 => TcpState::Closed,
        8 => TcpState::CloseWait,
        9 => TcpState::LastAck,
        10 => TcpState::Listen,
        11 => TcpState::Closing,
        _ => return None,
    })
}

/// Whether the kernel tells what is needed: asked of a connection of our own, over which one byte goes.
///
/// # Errors
/// When loopback cannot be used.
pub(super) fn kernel_tells() -> io::Result<bool> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let SocketAddr::V4(address) = listener.local_addr()? else { return Ok(false) };
    let mut client = TcpStream::connect(address)?;
    let (ours, _) = listener.accept()?;
    client.write_all(&[0])?;
    let port = client.local_addr()?.port();
    let mut found = Found::default();
    Sockets::of(&listener, address).find(&mut found);
    let Some(there) = found.clients.iter().find(|client| client.port == port) else { return Ok(false) };
    for _ in 0..1_000 {
        match info_of(&ours) {
            Some(here) if there.info.sent == 1 && under_way(Some(&there.info), Some(&here)).is_none() => {
                return Ok(true);
            }
            Some(_) => std::thread::sleep(Duration::from_millis(1)),
            None => return Ok(false),
        }
    }
    Ok(false)
}
