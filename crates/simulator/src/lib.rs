//! The simulated network, the scripted origin, and one run of a scenario against a client.
//!
//! Everything here is deterministic: one thread, virtual time, and no chance. What leaves a run is a
//! [`Trace`](closewait_trace::Trace); nothing here judges it.

pub mod client;
pub mod lab;
mod machine;
pub mod net;
pub mod origin;
mod timer;
#[cfg(feature = "tls")]
pub mod tls;
