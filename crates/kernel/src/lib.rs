//! A real Linux kernel as the host of a client under test.
//!
//! Each run has a network namespace, with one pair of virtual Ethernet devices in it. The kernel holds one end, as the host of a
//! program; a packet socket holds the other, and whoever reads it sees what the kernel puts on the wire and decides what it gets.
//!
//! ```text
//!  program ─ sockets ─ kernel's TCP ─ cw0 ══ cw1 ─ packet socket ([`Host`])
//!           10.0.0.1                                  10.0.0.2
//! ```
//!
//! Namespaces belong to threads, so nothing outside is touched, and all of it is gone when the thread and the program are.

#![cfg(target_os = "linux")]

mod host;
mod namespace;
mod obstacle;
mod program;
mod threads;

pub use host::{Host, Socket};
pub use namespace::become_root_here;
pub use obstacle::Obstacle;
pub use program::{Look, Program};
