//! Plain words for times and for the steps of a script.

mod line;
mod origin;
mod step;
mod time;

pub use line::one_line;
pub use origin::{first_line, pings};
pub use step::{cause, fault, step};
pub use time::{grouped, span, stamp};
