//! What a machine can lack, and the command that mends it.

use std::io;

/// Why no program can have a kernel of its own here.
#[derive(Debug, thiserror::Error)]
pub enum Obstacle {
    /// `unshare(2)` refuses.
    #[error(
        "no network namespace for the client: {0}. Run it as root (`sudo`), or allow user namespaces: `sudo sysctl -w \
         kernel.apparmor_restrict_unprivileged_userns=0` (Ubuntu since 23.10, GitHub's runners), \
         `kernel.unprivileged_userns_clone=1` (Debian); in Docker: `--cap-add SYS_ADMIN --cap-add NET_ADMIN --security-opt \
         seccomp=unconfined --security-opt apparmor=unconfined`"
    )]
    Namespace(io::Error),
    /// The name `origin.test` cannot be put into the namespace.
    #[error("`/etc/hosts` cannot be replaced for the client alone: {0}")]
    Names(io::Error),
    /// There is no `ip`.
    #[error("no virtual Ethernet devices: the command `ip` is not there ({0}); install iproute2")]
    NoIp(io::Error),
    /// `ip` cannot make the pair.
    #[error("no virtual Ethernet devices: {0}; is the module there? `sudo modprobe veth`")]
    NoPair(String),
    /// A setting of the namespace.
    #[error("{0} cannot be set: {1}")]
    Setting(&'static str, io::Error),
    /// No packet socket.
    #[error("no packet socket: {0}; it takes CAP_NET_RAW, in Docker `--cap-add NET_RAW`")]
    Packets(io::Error),
}
