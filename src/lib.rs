//! closewait drives real HTTP clients through half-closed sockets, silent peer deaths and retries on a
//! simulated packet network, and proves from the packets that a stale connection was never reused, or shows where it was.
//!
//! This package is the command, the suite and the harness for other crates. What they are made of is in crates of its own;
//! each is a module here.

mod built_in;
#[cfg(feature = "harness")]
pub mod harness;
pub mod suite;

#[doc(inline)]
pub use closewait_oracle as oracle;
#[doc(inline)]
pub use closewait_oracle::gate;
#[doc(inline)]
pub use closewait_report as report;
#[cfg(feature = "tls")]
#[doc(inline)]
pub use closewait_simulator::tls;
#[doc(inline)]
pub use closewait_simulator::{lab, net, origin};
#[doc(inline)]
pub use closewait_trace as trace;

#[cfg(feature = "cli")]
#[doc(inline)]
pub use closewait_explore as explore;

/// Scenario files: the model and its text form, and the catalogue that closewait comes with.
pub mod scenario {
    pub use closewait_scenario::*;

    pub use crate::built_in::catalogue;
}

/// Clients under test: what is asked of one, and those that closewait has adapters for.
pub mod client {
    #[cfg(feature = "clients")]
    pub use closewait_reference as reference;
    pub use closewait_simulator::client::*;

    #[cfg(feature = "clients")]
    pub use crate::suite::built_in;
}

/// The example of the page is compiled and run by `cargo test`.
#[cfg(doctest)]
#[doc = include_str!("../docs/adding-a-client.md")]
mod adding_a_client {}

/// The same for this page.
#[cfg(doctest)]
#[doc = include_str!("../docs/reference-client.md")]
mod reference_client {}
