//! Plain words for times and for the steps of a script.

mod origin;
mod step;
mod time;

pub use origin::{first_line, pings};
pub use step::{fault, step};
pub use time::{grouped, span, stamp};
