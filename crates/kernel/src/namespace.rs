//! A network namespace for this thread, with a pair of virtual Ethernet devices in it.

use std::fs;
use std::io::{self, Write};
use std::process::{Command, Stdio};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{Uid, getgid, getuid};

use crate::Obstacle;

/// Makes an ordinary user root of a user namespace of its own, where it may have network namespaces. To be called before a thread is
/// started. Nothing happens for root.
///
/// # Errors
/// When the system does not let ordinary users do so.
pub fn become_root_here() -> Result<(), Obstacle> {
    if Uid::effective().is_root() {
        return Ok(());
    }
    let (user, group) = (getuid(), getgid());
    let become_root = || {
        unshare(CloneFlags::CLONE_NEWUSER)?;
        fs::write("/proc/self/setgroups", "deny")?;
        fs::write("/proc/self/uid_map", format!("0 {user} 1"))?;
        fs::write("/proc/self/gid_map", format!("0 {group} 1"))
    };
    become_root().map_err(Obstacle::Namespace)
}

/// What `ip` is told. No address resolution: there is one peer. Segments of at most one frame: nothing is cut later.
const DEVICES: &str = "\
link add cw0 type veth peer name cw1
link set cw0 address 02:00:00:00:00:01 arp off mtu 1500 gso_max_segs 1 up
link set cw1 address 02:00:00:00:00:02 arp off mtu 1500 up
link set lo up
address add 10.0.0.1/24 dev cw0
neighbour add 10.0.0.2 lladdr 02:00:00:00:00:02 dev cw0 nud permanent
";

const SETTINGS: [(&str, &str); 2] = [
    // Or the kernel speaks on the wire by itself.
    ("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1"),
    // A SYN goes again after 1, 3, 7 seconds, as before Linux 6.5 and as the simulated host does.
    ("/proc/sys/net/ipv4/tcp_syn_linear_timeouts", "0"),
];

/// Moves this thread into a fresh namespace. What it starts from now on is in it as well.
pub(crate) fn enter() -> Result<(), Obstacle> {
    unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS).map_err(|e| Obstacle::Namespace(e.into()))?;
    name_the_origin().map_err(Obstacle::Names)?;
    for (setting, value) in SETTINGS {
        match fs::write(setting, value) {
            // A kernel without it has nothing to be told.
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Obstacle::Setting(setting, error));
            }
            _ => {}
        }
    }
    make_devices()
}

/// `origin.test` is looked up in a file that only this namespace has.
fn name_the_origin() -> io::Result<()> {
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
    let mut hosts = tempfile::NamedTempFile::new()?;
    hosts.write_all(b"127.0.0.1 localhost\n10.0.0.2 origin.test\n")?;
    fs::set_permissions(hosts.path(), std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    // The mount keeps it; its name is gone at the end of this function.
    mount(Some(hosts.path()), "/etc/hosts", none, MsFlags::MS_BIND, none)?;
    Ok(())
}

fn make_devices() -> Result<(), Obstacle> {
    let mut ip = Command::new("ip");
    ip.args(["-batch", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = ip.spawn().map_err(Obstacle::NoIp)?;
    let told = child.stdin.take().expect("it is a pipe").write_all(DEVICES.as_bytes());
    let output = child.wait_with_output().map_err(Obstacle::NoIp)?;
    if told.is_err() || !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(Obstacle::NoPair(words.lines().next().unwrap_or("`ip` failed").to_owned()));
    }
    Ok(())
}
