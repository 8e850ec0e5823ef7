//! Every fault at every instant, random schedules, and what they shrink to. Writes scenarios, and has no faults of its own.

mod course;
mod fault;
mod kind;
mod parallel;
mod place;
pub mod random;
pub mod shrink;
mod strike;
pub mod sweep;
mod workload;

pub use course::{Course, Grain};
pub use fault::{FAULTS, Fault, fault};
pub use kind::{circumstance_in_words, circumstances_of, count_faults, fault_of, faults_of};
pub use parallel::parallel;
pub use place::{Packet, Place};
pub use strike::{Strike, Struck, label, strike};
pub use workload::{Workload, workloads};
