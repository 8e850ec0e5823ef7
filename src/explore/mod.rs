//! Every fault at every instant, random schedules, and what they shrink to. Writes scenarios, and has no faults of its own.

mod workload;

pub use workload::{Workload, workloads};
