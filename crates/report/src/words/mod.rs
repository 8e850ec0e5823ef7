//! Plain words for times and for the steps of a script.

mod label;
mod line;
mod origin;
mod step;
mod time;
mod untried;

pub use label::label;
pub use line::one_line;
pub use origin::{fault as origin_fault, first_line, pings};
pub use step::{cause, fault, network as network_fault, step};
pub use time::{grouped, span, stamp};
pub use untried::untried;
