//! `closewait.toml`: how serious which change is, and why.

mod model;
mod read;

pub use model::{Known, Level, Rule, Rules};
pub use read::parse;
