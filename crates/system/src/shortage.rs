//! What the system has run out of, or does not have, and what to raise.

use std::io;

/// What to do about an error of the system that says nothing of whoever got it: no descriptor, port, memory or loopback is there
/// to be had. `None` for every other error, and for those that were not the system's.
pub fn shortage(error: &io::Error) -> Option<&'static str> {
    Some(match error.raw_os_error()? {
        libc::EMFILE => "this process may open no more files: raise its limit, `ulimit -n 4096`",
        libc::ENFILE => "the system may open no more files: raise `fs.file-max` (sysctl)",
        libc::EADDRNOTAVAIL => {
            "loopback has no port left, or no address: widen `net.ipv4.ip_local_port_range` (sysctl), or `ip link set lo up`"
        }
        libc::ENETUNREACH | libc::ENETDOWN => "loopback is down: `ip link set lo up`",
        libc::ENOBUFS | libc::ENOMEM => {
            "there is no memory for sockets: raise `net.ipv4.tcp_mem` (sysctl), or the memory of this container"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_did_not_say_is_no_shortage() {
        let words = |error: io::Error| shortage(&error);
        assert!(
            words(io::Error::from_raw_os_error(libc::EMFILE))
                .is_some_and(|words| words.contains("ulimit -n"))
        );
        assert_eq!(words(io::Error::from_raw_os_error(libc::ECONNREFUSED)), None);
        assert_eq!(words(io::Error::from_raw_os_error(libc::EAGAIN)), None, "a socket has nothing yet");
        assert_eq!(words(io::ErrorKind::NetworkUnreachable.into()), None);
        assert_eq!(words(io::Error::other("Too many open files (os error 24)")), None);
    }
}
