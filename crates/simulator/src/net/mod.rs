//! The simulated network: two hosts, their TCP, the wire between them, and the clock that moves it.
//!
//! Built on turmoil-net, which owns TCP's states. What it leaves to its harness is here: a queue of
//! segments in virtual time (`driver`), retransmission (`rto`), faults (`faults`), readiness as
//! an application on Linux would see it (`stream`), and the tap that writes down every segment.
//!
//! # What comes first at one instant
//!
//! 1. Segments that are due are delivered to the hosts, in the order in which they left.
//! 2. Retransmission timers fire, and what they send leaves.
//! 3. The script goes on.
//! 4. The client's tasks run: first those whose timers expired.
//! 5. The client's event loop turns: only now does it learn what 1 brought.
//!
//! So a step after `until = "arrived"` acts between 1 and 5: the bytes are in the socket and the client
//! does not know. A client timer that expires when a segment arrives is ahead of that segment.

mod arrival;
mod at_rest;
mod bridge;
mod connect;
mod connection;
mod driver;
mod faults;
mod host;
#[cfg_attr(not(all(feature = "kernel", target_os = "linux")), path = "no_kernel.rs")]
mod kernel;
mod line;
mod listener;
mod loopback;
mod outside;
mod pace;
mod patience;
mod program;
mod resend;
mod round_trip;
mod rto;
mod sequence;
mod shared;
#[cfg_attr(not(target_os = "linux"), path = "no_sockets.rs")]
mod sockets;
mod state;
mod stream;

pub use bridge::Bridge;
pub use connect::Connect;
pub use driver::{Network, Wire};
pub use kernel::{RealHost, become_root_here};
pub use listener::Listener;
pub use pace::Pace;
pub use patience::Waited;
pub use program::{ProgramFault, ProgramLine};
pub use rto::retransmission_timeout;
pub use shared::SharedStream;
pub use stream::Stream;

pub use closewait_scenario::Direction;

/// One of the two ends of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The end that sent the SYN.
    Client,
    /// The end that accepted.
    Origin,
}

impl Side {
    /// The other end.
    pub fn peer(self) -> Self {
        match self {
            Side::Client => Side::Origin,
            Side::Origin => Side::Client,
        }
    }

    /// The end whose segments go this way.
    pub fn sending(direction: Direction) -> Self {
        match direction {
            Direction::ToOrigin => Side::Client,
            Direction::ToClient => Side::Origin,
        }
    }

    /// The way this end's segments go.
    pub fn outward(self) -> Direction {
        match self {
            Side::Client => Direction::ToOrigin,
            Side::Origin => Direction::ToClient,
        }
    }
}
