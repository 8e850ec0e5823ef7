//! The far end of the wire to the kernel.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::socket::{
    AddressFamily, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, bind, recvmsg, sendmsg, socket,
};
use nix::unistd::gettid;
use procfs::net::TcpState;
use procfs::process::Process;

use crate::{Obstacle, Program, namespace};

/// The frames of both ends have one kind of header: to, from, IPv4.
const HEADER: [u8; 14] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
/// More than a frame of the pair can have.
const LONGEST: usize = 65_536;

/// A kernel as the host of a client: the wire to it, seen from the other end.
pub struct Host {
    packets: OwnedFd,
    buffer: Vec<u8>,
}

/// A TCP socket of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Socket {
    /// Its port.
    pub port: u16,
    /// Its state, as `netstat` prints it.
    pub state: &'static str,
}

impl Host {
    /// Gives this thread, and the programs it starts from now on, a network of their own, with the origin at 10.0.0.2 (`origin.test`).
    ///
    /// # Errors
    /// What the machine lacks.
    pub fn new() -> Result<Self, Obstacle> {
        namespace::enter()?;
        Ok(Self { packets: open().map_err(Obstacle::Packets)?, buffer: vec![0; LONGEST] })
    }

    /// Puts an IPv4 packet on the wire. When this returns, the kernel's TCP has had it.
    ///
    /// # Errors
    /// When the device is gone, or the packet is longer than a frame.
    pub fn put(&self, packet: &[u8]) -> io::Result<()> {
        let frame = [IoSlice::new(&HEADER), IoSlice::new(packet)];
        sendmsg::<()>(self.packets.as_raw_fd(), &frame, &[], MsgFlags::empty(), None)?;
        Ok(())
    }

    /// The next IPv4 packet that the kernel has put on the wire; `None` if there is none yet.
    ///
    /// # Errors
    /// When the device is gone, or a frame has no end.
    pub fn take(&mut self) -> io::Result<Option<&[u8]>> {
        let length = {
            let mut into = [IoSliceMut::new(&mut self.buffer)];
            match recvmsg::<LinkAddr>(self.packets.as_raw_fd(), &mut into, None, MsgFlags::MSG_DONTWAIT) {
                Ok(message) if message.flags.contains(MsgFlags::MSG_TRUNC) => {
                    return Err(io::Error::other("a frame is longer than any can be"));
                }
                Ok(message) => message.bytes,
                Err(Errno::EAGAIN) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        };
        Ok(Some(self.buffer.get(HEADER.len()..length).unwrap_or_default()))
    }

    /// Whether there is a packet to take.
    pub fn has_packets(&self) -> bool {
        let mut ready = [PollFd::new(self.packets.as_fd(), PollFlags::POLLIN)];
        ppoll(&mut ready, Some(Duration::ZERO.into()), None).is_ok_and(|ready| ready > 0)
    }

    /// Waits until the kernel has sent a packet, or the program has written something, for so long at most.
    pub fn wait(&self, program: Option<&Program>, limit: Duration) {
        let descriptors = [self.packets.as_fd()].into_iter().chain(program.map(Program::descriptor));
        let mut ready: Vec<_> = descriptors.map(|it| PollFd::new(it, PollFlags::POLLIN)).collect();
        // Interrupted or not: whoever waits looks for itself.
        let _ = ppoll(&mut ready, Some(limit.into()), None);
    }

    /// The TCP sockets on this host.
    ///
    /// # Errors
    /// When `/proc` is not there.
    pub fn sockets(&self) -> io::Result<Vec<Socket>> {
        // By the thread: `/proc/net` is that of the process's first one.
        let here = Process::new(gettid().as_raw()).map_err(io::Error::other)?;
        // A program that opens IPv6 sockets speaks IPv4 over them as well.
        let [tcp, tcp6] = [here.tcp(), here.tcp6().or_else(|_| Ok(Vec::new()))];
        let table = tcp.and_then(|tcp| Ok(tcp.into_iter().chain(tcp6?))).map_err(io::Error::other)?;
        Ok(table
            .map(|entry| Socket { port: entry.local_address.port(), state: name(&entry.state) })
            .collect())
    }
}

fn name(state: &TcpState) -> &'static str {
    match state {
        TcpState::Established => "ESTABLISHED",
        TcpState::SynSent => "SYN_SENT",
        TcpState::SynRecv => "SYN_RECV",
        TcpState::FinWait1 => "FIN_WAIT1",
        TcpState::FinWait2 => "FIN_WAIT2",
        TcpState::TimeWait => "TIME_WAIT",
        TcpState::Close => "CLOSE",
        TcpState::CloseWait => "CLOSE_WAIT",
        TcpState::LastAck => "LAST_ACK",
        TcpState::Listen => "LISTEN",
        TcpState::Closing => "CLOSING",
        TcpState::NewSynRecv => "NEW_SYN_RECV",
    }
}

fn open() -> io::Result<OwnedFd> {
    let packets = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::EthIp)?;
    let link = |interface: nix::ifaddrs::InterfaceAddress| {
        (interface.interface_name == "cw1").then_some(interface.address?.as_link_addr().copied()).flatten()
    };
    let address = getifaddrs()?.find_map(link).ok_or(io::ErrorKind::NotFound)?;
    bind(packets.as_raw_fd(), &address)?;
    Ok(packets)
}
