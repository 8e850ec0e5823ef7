//! closewait drives real HTTP clients through half-closed sockets, silent peer deaths and retries on a
//! simulated packet network, and proves from the packets whether a stale connection was ever reused.

pub mod client;
#[cfg(feature = "cli")]
pub mod explore;
pub mod gate;
#[cfg(feature = "harness")]
pub mod harness;
pub mod lab;
pub mod net;
pub mod oracle;
pub mod origin;
pub mod report;
pub mod scenario;
pub mod suite;
pub mod tls;
pub mod trace;

/// The example of the page is compiled and run by `cargo test`.
#[cfg(doctest)]
#[doc = include_str!("../docs/adding-a-client.md")]
mod adding_a_client {}
