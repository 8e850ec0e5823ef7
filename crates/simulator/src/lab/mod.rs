//! The one module where network, origin and client meet. What leaves it is a [`Trace`](closewait_trace::Trace).

mod broken;
mod clock;
mod course;
mod panics;
mod peer;
mod request;
mod run;
mod script;
mod untried;
mod watchdog;

pub use broken::{attempt, throw};
pub use peer::Play;
pub use run::{run, run_all, run_here};
pub use watchdog::Limits;
