//! From a [`Scenario`](super::Scenario) to its text: the way back of `read`, key by key as the grammar lists them.

mod file;
mod keys;
mod reply;
mod step;
mod toml;
mod unwritable;

pub use file::write;
pub use step::step_words;
pub use unwritable::Unwritable;
