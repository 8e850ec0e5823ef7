//! From text to a [`Scenario`](super::Scenario): TOML, then the keys, then the values, then the sense of the script.

mod build;
mod duration;
mod flow;
mod http;
mod keys;
mod problems;
mod protocol;
mod refusal;
mod reply;
mod script;
mod text;
mod upload;
mod value;
mod values;

pub use problems::Problems;
pub use reply::filler;
pub(super) use reply::{implied_after, implied_framing};
pub use text::parse;
pub(super) use value::Value;
pub(super) use values::read_default;
pub use values::type_name;
