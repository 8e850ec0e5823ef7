//! Clients under test: what the lab asks of one.
//!
//! A client is given a network to dial and settings. It never sees the trace, nor which scenario is played.

mod connector;
mod failure;
mod under_test;
mod upload;

pub use closewait_trace::Retries;
pub use connector::{Connector, HyperStream};
pub use failure::Failure;
pub use under_test::{BoxFuture, Client, Environment, Response, ResponseBody, Timeouts, UnderTest, Wiring};
pub use upload::{Upload, UploadFailed};
