//! The suite as a test of another crate: one named trial per scenario, with that crate's own client.
//!
//! A test with `harness = false` in the crate's `Cargo.toml` has a `main` that builds a [`Suite`] and calls
//! [`Suite::main`]. `docs/gate-an-upgrade.md` walks through it.

mod body;
mod environment;
mod handover;
mod lock;
mod outcome;
mod processes;
mod run;
mod send;
mod settings;
mod subject;
mod suite;
mod summary;
mod trial;

pub use body::RequestBody;
pub use run::main;
pub use send::{service, service_of};
pub use settings::Setting;
pub use suite::Suite;

pub use closewait_scenario::{ClientSettings, Protocol, Scenario};
pub use closewait_simulator::client::{
    Client, Connector, Environment, Failure, Retries, UnderTest, Upload, Wiring,
};
