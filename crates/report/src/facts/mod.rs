//! What the gate compares, read from a run, or from an accepted snapshot. Both give the same facts.

mod causes;
mod lines;
mod of_run;
mod of_snapshot;

pub use lines::{Told, stopped};
pub use of_run::{bytes, opened, requests};
pub use of_snapshot::of_snapshot;
