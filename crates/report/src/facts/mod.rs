//! What the gate compares: read from a run, from a results file, or from an accepted snapshot. All give the same facts.

mod behaviour;
mod of_run;
mod of_snapshot;
mod record;

pub(crate) use behaviour::{Wording, behaviour, socket, stopped};
pub(crate) use of_run::{bytes, opened, requests};
pub use record::Record;
