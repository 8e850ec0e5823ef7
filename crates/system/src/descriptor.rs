//! What Linux says of a socket by the number of its descriptor, to those who do not hold it.
//!
//! The number may be another socket's by now, or nobody's: a question changes nothing, and who asks has to find out whose it is.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::RawFd;

pub use libc::{IPPROTO_TCP, POLLNVAL, POLLOUT, SO_COOKIE, SOL_SOCKET, TCP_INFO, pollfd};
use libc::{c_int, sockaddr, sockaddr_in, socklen_t};

/// The value of an option, and how many bytes of it the kernel knows: getsockopt(2).
///
/// # Errors
/// The number is no socket's, or the option is unknown.
pub fn option<const LEN: usize>(fd: RawFd, level: c_int, name: c_int) -> io::Result<([u8; LEN], usize)> {
    let mut value = [0; LEN];
    let mut len = LEN as socklen_t;
    // SAFETY: `value` has `len` bytes, and the kernel writes no more.
    checked(unsafe { libc::getsockopt(fd, level, name, value.as_mut_ptr().cast(), &mut len) })?;
    Ok((value, len as usize))
}

/// The IPv4 address that a socket is bound to: getsockname(2). `None` for whatever else the number stands for.
pub fn local_address(fd: RawFd) -> Option<SocketAddrV4> {
    address(fd, libc::getsockname)
}

/// The IPv4 address that a socket is connected to: getpeername(2). `None` if it is not.
pub fn peer_address(fd: RawFd) -> Option<SocketAddrV4> {
    address(fd, libc::getpeername)
}

/// What is ready now: poll(2), without waiting.
///
/// # Errors
/// There are more of them than there may be descriptors.
pub fn poll(polled: &mut [pollfd]) -> io::Result<()> {
    // SAFETY: the pointer and the length are those of a slice that nobody else has.
    checked(unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, 0) })
}

type Ask = unsafe extern "C" fn(c_int, *mut sockaddr, *mut socklen_t) -> c_int;

fn address(fd: RawFd, ask: Ask) -> Option<SocketAddrV4> {
    // SAFETY: a `sockaddr_in` is made of integers: zeros are one.
    let mut address: sockaddr_in = unsafe { std::mem::zeroed() };
    let mut len = size_of::<sockaddr_in>() as socklen_t;
    // SAFETY: `address` has `len` bytes, and the kernel writes no more. A longer address is cut, and is not of IPv4.
    checked(unsafe { ask(fd, (&raw mut address).cast(), &mut len) }).ok()?;
    let is_ipv4 = c_int::from(address.sin_family) == libc::AF_INET;
    let ip = Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr));
    is_ipv4.then(|| SocketAddrV4::new(ip, u16::from_be(address.sin_port)))
}

fn checked(result: c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
    use std::os::fd::AsRawFd;

    use super::*;

    fn v4(address: io::Result<SocketAddr>) -> Option<SocketAddrV4> {
        match address.expect("the socket has one") {
            SocketAddr::V4(address) => Some(address),
            SocketAddr::V6(_) => None,
        }
    }

    #[test]
    fn addresses() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a port");
        let client = TcpStream::connect(listener.local_addr().expect("it is bound")).expect("it listens");
        assert_eq!(local_address(client.as_raw_fd()), v4(client.local_addr()));
        assert_eq!(peer_address(client.as_raw_fd()), v4(listener.local_addr()));
        assert_eq!(peer_address(listener.as_raw_fd()), None);
        let ipv6 = UdpSocket::bind("[::1]:0");
        assert_eq!(ipv6.map_or(None, |socket| local_address(socket.as_raw_fd())), None);
        assert_eq!((local_address(-1), local_address(libc::STDIN_FILENO)), (None, None));
    }

    #[test]
    fn options() {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback has a port");
        let kind = option::<4>(socket.as_raw_fd(), SOL_SOCKET, libc::SO_TYPE).expect("each socket has one");
        assert_eq!(kind, (libc::SOCK_DGRAM.to_ne_bytes(), 4));
        assert!(option::<4>(-1, SOL_SOCKET, libc::SO_TYPE).is_err());
    }

    #[test]
    fn readiness() {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback has a port");
        let asked = |fd| pollfd { fd, events: POLLOUT, revents: 0 };
        let mut polled = [asked(socket.as_raw_fd()), asked(RawFd::MAX)];
        poll(&mut polled).expect("two are not too many");
        assert_eq!(polled.map(|polled| polled.revents), [POLLOUT, POLLNVAL]);
    }
}
