//! The sockets of this process, asked by their numbers: what Linux's `TCP_INFO` says of both ends of a bridged connection.
//!
//! The client's descriptors are not ours to hold, only to ask about. One may be closed between two questions, and its
//! number be another socket's then: so each look asks anew whose socket it is.

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use uapi::c;

use super::at_rest::{TcpInfo, TcpState, under_way};

/// A client's end of a connection to the bridge.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClientEnd {
    pub port: u16,
    pub info: TcpInfo,
    fd: RawFd,
    dialled: SocketAddrV4,
}

/// Looks for the clients that dialled one address.
pub(super) struct Sockets {
    address: SocketAddrV4,
    highest: RawFd,
}

/// Unused numbers above the highest one seen, before a walk ends. A descriptor gets the lowest number that is free, so a
/// new one lies further up only if as many were opened by other threads since the last walk, and closed again.
const GAP: RawFd = 8;

impl Sockets {
    /// Of those who dial `address`.
    pub fn of(listener: &TcpListener, address: SocketAddrV4) -> Self {
        Self { address, highest: listener.as_raw_fd() }
    }

    /// Walks the descriptors and takes down the clients' ends, by port. True if somebody's handshake on loopback has just
    /// begun: the kernel does not say with whom.
    pub fn find(&mut self, clients: &mut Vec<ClientEnd>) -> bool {
        clients.clear();
        let mut dialling = false;
        let mut fd = 0;
        while fd <= self.highest + GAP {
            if let Ok(local) = address_of(fd, uapi::getsockname) {
                self.highest = self.highest.max(fd);
                dialling |= self.take_down(fd, local, clients);
            }
            fd += 1;
        }
        clients.sort_unstable_by_key(|client| client.port);
        dialling
    }

    /// As [`Sockets::find`], among all descriptors there are.
    pub fn find_everywhere(&mut self, clients: &mut Vec<ClientEnd>) -> bool {
        let open = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
        let mut dialling = self.find(clients);
        for fd in open.filter_map(|entry| entry.file_name().to_str()?.parse().ok()) {
            if fd > self.highest + GAP
                && let Ok(local) = address_of(fd, uapi::getsockname)
            {
                dialling |= self.take_down(fd, local, clients);
            }
        }
        self.highest = clients.iter().map(|client| client.fd).fold(self.highest, RawFd::max);
        clients.sort_unstable_by_key(|client| client.port);
        dialling
    }

    fn take_down(&self, fd: RawFd, local: Option<SocketAddrV4>, clients: &mut Vec<ClientEnd>) -> bool {
        let Some(local) = local.filter(|local| local.ip().is_loopback() && *local != self.address) else {
            return false;
        };
        match ClientEnd::at(fd, local.port(), self.address) {
            Some(client) => clients.push(client),
            None => return tcp_info(fd).is_some_and(|info| info.state == TcpState::SynSent),
        }
        false
    }
}

impl ClientEnd {
    fn at(fd: RawFd, port: u16, dialled: SocketAddrV4) -> Option<Self> {
        let peer = address_of(fd, |fd, address| uapi::getpeername(fd, address).map(|len| len as c::socklen_t));
        let is_ours = matches!(peer, Ok(Some(peer)) if peer == dialled);
        is_ours.then(|| tcp_info(fd)).flatten().map(|info| Self { port, info, fd, dialled })
    }

    /// What it says now; `None` if it is closed, or dead.
    pub fn again(&self) -> Option<TcpInfo> {
        let local = address_of(self.fd, uapi::getsockname).ok().flatten()?;
        let same = local.port() == self.port;
        same.then(|| Self::at(self.fd, self.port, self.dialled)).flatten().map(|client| client.info)
    }

    /// Whether bytes wait for the client to read them.
    pub fn has_unread(&self) -> bool {
        let mut memory = [0u32; 9];
        let asked = uapi::getsockopt(self.fd, c::SOL_SOCKET, c::SO_MEMINFO, &mut memory);
        // SK_MEMINFO_RMEM_ALLOC
        asked.is_err() || memory[0] > 0
    }

    /// Whether the kernel would take more bytes from the client.
    pub fn has_room(&self) -> bool {
        if self.info.unacknowledged == 0 && self.info.unsent == 0 {
            return true;
        }
        let mut poll = [c::pollfd { fd: self.fd, events: c::POLLOUT, revents: 0 }];
        uapi::poll(&mut poll, 0).is_err() || poll[0].revents != 0
    }
}

/// What one of our own sockets says; `None` if the system does not tell.
pub(super) fn info_of(socket: &impl AsRawFd) -> Option<TcpInfo> {
    tcp_info(socket.as_raw_fd())
}

/// Has everything acknowledged that arrived, and was read, at once. Where that fails, the kernel acknowledges a little later.
pub(super) fn acknowledge(socket: &TcpStream) {
    let _ = uapi::setsockopt(socket.as_raw_fd(), c::IPPROTO_TCP, c::TCP_QUICKACK, &1);
}

/// The IPv4 address that the kernel writes down. `None` for descriptors of other kinds.
fn address_of(
    fd: RawFd,
    ask: impl Fn(RawFd, &mut c::sockaddr_in) -> uapi::Result<c::socklen_t>,
) -> Result<Option<SocketAddrV4>, c::c_int> {
    let mut address: c::sockaddr_in = uapi::pod_zeroed();
    ask(fd, &mut address).or_else(|errno| match errno.0 {
        // Open, and no socket.
        c::ENOTSOCK => Ok(0),
        errno => Err(errno),
    })?;
    let is_ipv4 = c::c_int::from(address.sin_family) == c::AF_INET;
    let ip = Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr));
    Ok(is_ipv4.then(|| SocketAddrV4::new(ip, u16::from_be(address.sin_port))))
}

/// `struct tcp_info` of linux/tcp.h up to `tcpi_bytes_retrans`, which is there since Linux 4.19.
const LENGTH: usize = 216;

fn tcp_info(fd: RawFd) -> Option<TcpInfo> {
    let mut bytes = [0u8; LENGTH];
    let len = uapi::getsockopt(fd, c::IPPROTO_TCP, c::TCP_INFO, &mut bytes).ok()?;
    let u32_at = |at: usize| u32::from_ne_bytes(std::array::from_fn(|i| bytes[at + i]));
    let u64_at = |at: usize| u64::from_ne_bytes(std::array::from_fn(|i| bytes[at + i]));
    (len == LENGTH).then_some(())?;
    Some(TcpInfo {
        state: state(bytes[0])?,
        unacknowledged: u32_at(24),
        acknowledged: u64_at(120),
        received: u64_at(128),
        unsent: u32_at(144),
        sent: u64_at(200).wrapping_sub(u64_at(208)),
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
    let mut clients = Vec::new();
    Sockets::of(&listener, address).find(&mut clients);
    let Some(there) = clients.iter().find(|client| client.port == port) else { return Ok(false) };
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
