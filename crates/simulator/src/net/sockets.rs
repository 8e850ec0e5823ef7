//! The sockets of this process, asked by their numbers: what Linux's `TCP_INFO` says of both ends of a bridged connection.
//!
//! The client's descriptors are not ours to hold, only to ask about. One may be closed between two questions, and its
//! number be another socket's then: so each look asks anew whose socket it is.

use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use closewait_system::descriptor::{self, pollfd};
use closewait_system::shortage;
use socket2::{Domain, SockRef, Socket, Type};

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
    /// The folder of the descriptors: the kernel says how many there are.
    all: Option<File>,
    /// Every number up to this one is looked at.
    highest: RawFd,
    /// Numbers further up that were found open.
    outliers: Vec<RawFd>,
    polled: Vec<pollfd>,
    /// The ends that were found before, by descriptor.
    known: Vec<ClientEnd>,
}

/// Unused numbers above the highest one seen, before a walk ends: a descriptor gets the lowest number that is free, unless
/// somebody asks for another.
const GAP: RawFd = 8;

impl Sockets {
    /// Of those who dial `address`.
    pub fn of(listener: &TcpListener, address: SocketAddrV4) -> Self {
        Self {
            address,
            all: File::open(FOLDER).ok(),
            highest: listener.as_raw_fd(),
            outliers: Vec::new(),
            polled: Vec::new(),
            known: Vec::new(),
        }
    }

    /// Walks through the descriptors: all of them, where the kernel says how many there are (Linux 6.2).
    pub fn find(&mut self, found: &mut Found) {
        let open = self.walk(found);
        if self.all.as_ref().and_then(|all| all.metadata().ok()).is_some_and(|all| all.len() > open) {
            self.find_everywhere(found);
        }
    }

    /// As [`Sockets::find`], on every kernel.
    pub fn find_everywhere(&mut self, found: &mut Found) {
        let end = self.highest + GAP;
        self.outliers.clear();
        self.outliers.extend(descriptors().filter(|fd| *fd > end));
        self.walk(found);
    }

    /// Walks through the numbers that are known to be used. Returns how many of them are open.
    fn walk(&mut self, found: &mut Found) -> u64 {
        self.known.clone_from(&found.clients);
        found.clients.clear();
        found.dialling = false;
        let (mut next, mut open) = (0, 0);
        while next <= self.highest + GAP {
            let end = self.highest + GAP + 1;
            let (used, highest) = self.walk_through(next..end, found);
            self.highest = self.highest.max(highest);
            open += used;
            next = end;
        }
        let outliers = std::mem::take(&mut self.outliers);
        open += self.walk_through(outliers.iter().copied().filter(|fd| *fd >= next), found).0;
        self.outliers = outliers;
        found.clients.sort_unstable_by_key(|client| client.port);
        // A client may hold its socket by several descriptors.
        found.clients.dedup_by_key(|client| client.port);
        open
    }

    /// How many of the numbers are open, and the highest of those.
    fn walk_through(&mut self, numbers: impl Iterator<Item = RawFd>, found: &mut Found) -> (u64, RawFd) {
        self.poll(numbers);
        let (mut open, mut highest) = (0, 0);
        for at in 0..self.polled.len() {
            let polled = self.polled[at];
            if polled.revents & descriptor::POLLNVAL == 0 {
                open += 1;
                highest = polled.fd;
                self.take_down(polled, found);
            }
        }
        (open, highest)
    }

    /// Asks of many at once which are open, and whether they take bytes.
    fn poll(&mut self, numbers: impl Iterator<Item = RawFd>) {
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

    /// The same, among all descriptors: a client may hold its socket by another one as well.
    pub fn elsewhere(&self) -> Option<Self> {
        let mut others = descriptors().map(|fd| Self { fd, ..*self });
        others.find_map(|other| other.again().map(|info| Self { info, ..other }))
    }
}

const FOLDER: &str = "/proc/self/fd";

/// The descriptors that are open.
fn descriptors() -> impl Iterator<Item = RawFd> {
    let open = std::fs::read_dir(FOLDER).into_iter().flatten().flatten();
    open.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
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

/// Whether the kernel tells what is needed: asked of a connection of our own, over which one byte goes. Takes 20 s at most.
///
/// # Errors
/// When loopback cannot be used.
pub(super) fn kernel_tells() -> io::Result<bool> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let SocketAddr::V4(address) = listener.local_addr()? else { return Ok(false) };
    let client = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    client.set_nonblocking(true)?;
    // It says that it is in progress: when it is done, there is something to accept.
    if let Err(error) = client.connect(&address.into())
        && shortage(&error).is_some()
    {
        return Err(error);
    }
    let accepted = soon(|| match listener.accept() {
        Err(error) if shortage(&error).is_none() => None,
        accepted => Some(accepted),
    });
    let Some(ours) = accepted.transpose()? else { return Ok(false) };
    client.send(&[0])?;
    let port = ours.1.port();
    let mut found = Found::default();
    Sockets::of(&listener, address).find_everywhere(&mut found);
    let Some(there) = found.clients.iter().find(|client| client.port == port) else { return Ok(false) };
    Ok(there.info.sent == 1 && soon(|| has_come(there, &ours.0)).is_some())
}

fn has_come(there: &ClientEnd, ours: &TcpStream) -> Option<()> {
    let here = info_of(ours)?;
    under_way(Some(&there.info), Some(&here)).is_none().then_some(())
}

/// What there is within 10 s of real time. The clock is not asked: in a run it may be virtual.
fn soon<T>(mut what: impl FnMut() -> Option<T>) -> Option<T> {
    (0..10_000).find_map(|turn| {
        std::thread::sleep(Duration::from_millis(u64::from(turn > 0)));
        what()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Dialled {
        client: TcpStream,
        sockets: Sockets,
        found: Found,
        listener: TcpListener,
    }

    fn dialled() -> Dialled {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a port");
        let SocketAddr::V4(address) = listener.local_addr().expect("it is bound") else {
            panic!("it is IPv4")
        };
        let client = TcpStream::connect(address).expect("it listens");
        Dialled { client, sockets: Sockets::of(&listener, address), found: Found::default(), listener }
    }

    impl Dialled {
        fn ports(&mut self) -> Vec<u16> {
            self.sockets.find_everywhere(&mut self.found);
            self.found.clients.iter().map(|client| client.port).collect()
        }
    }

    #[test]
    fn a_client_is_found_once_however_many_descriptors_it_has() {
        let mut dialled = dialled();
        let port = dialled.client.local_addr().expect("it is connected").port();
        let other = dialled.client.try_clone().expect("there are descriptors left");
        assert_eq!(dialled.ports(), [port]);
        let end = dialled.found.clients[0];
        // Both may go in either order.
        let left = if end.fd == other.as_raw_fd() { dialled.client.try_clone() } else { other.try_clone() };
        drop((std::mem::replace(&mut dialled.client, left.expect("there are descriptors left")), other));
        assert_eq!(end.elsewhere().map(|end| end.port), Some(port));
        assert_eq!(dialled.ports(), [port]);
    }

    #[test]
    fn a_client_that_is_gone_is_not_found() {
        let mut dialled = dialled();
        dialled.ports();
        let end = dialled.found.clients[0];
        drop(dialled.client);
        dialled.sockets.find_everywhere(&mut dialled.found);
        assert!(dialled.found.clients.is_empty() && end.again().is_none() && end.elsewhere().is_none());
        drop(dialled.listener);
    }

    #[test]
    fn a_client_far_up_is_found() {
        let mut dialled = dialled();
        assert_eq!(dialled.ports().len(), 1);
        let above = |fd| fd > dialled.sockets.highest + 2 * GAP;
        let mut below = Vec::new();
        let far = loop {
            let clone = dialled.client.try_clone().expect("there are descriptors left");
            if above(clone.as_raw_fd()) {
                break clone;
            }
            below.push(clone);
        };
        dialled.client = far;
        drop(below);
        assert_eq!(dialled.ports().len(), 1);
        assert_eq!(dialled.found.clients[0].fd, dialled.client.as_raw_fd());
    }

    #[test]
    fn this_kernel_tells() {
        assert!(kernel_tells().expect("loopback can be used"));
    }
}
