//! The HTTP clients that closewait has adapters for: an adapter a file.
//!
//! Each is unmodified, with the settings that a scenario asks for. What a client cannot be asked, its adapter says.

mod hyper_util;
mod reqwest;
mod tonic;

pub use hyper_util::HyperUtil;
pub use reqwest::Reqwest;
pub use tonic::Tonic;
