//! Every fault at every instant, random schedules, and what they shrink to. Writes scenarios, and has no faults of its own.

mod fault;
mod parallel;
pub mod random;
pub mod shrink;
mod workload;

pub use fault::{count_faults, fault_of, faults_of};
pub use parallel::parallel;
pub use workload::{Workload, workloads};
