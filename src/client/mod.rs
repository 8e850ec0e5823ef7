//! Clients under test: what the lab asks of one, and an adapter a file.
//!
//! A client is given a network to dial and settings. It never sees the trace, nor which scenario is played.

mod connector;
mod failure;
#[cfg(feature = "clients")]
mod hyper_util;
#[cfg(feature = "clients")]
pub mod reference;
#[cfg(feature = "clients")]
mod reqwest;
#[cfg(feature = "clients")]
mod tonic;
mod under_test;

pub use connector::Connector;
pub use failure::Failure;
pub use under_test::{BoxFuture, Client, Environment, Response, ResponseBody, Timeouts, UnderTest, Wiring};

/// The clients that closewait ships adapters for.
#[cfg(feature = "clients")]
pub fn built_in() -> &'static [&'static dyn UnderTest] {
    &[&hyper_util::HyperUtil, &reqwest::Reqwest, &tonic::Tonic, &reference::Reference::SOUND]
}

/// The version of a dependency that this build was locked to.
#[cfg(feature = "clients")]
fn locked_version(package: &str) -> &'static str {
    const LOCK: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock"));
    let entry = format!("name = \"{package}\"\n");
    LOCK.split_once(&entry)
        .and_then(|(_, rest)| rest.strip_prefix("version = \""))
        .and_then(|rest| rest.split('"').next())
        .unwrap_or("unknown")
}
