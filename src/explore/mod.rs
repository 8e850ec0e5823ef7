//! Every fault at every instant, random schedules, and what they shrink to. Writes scenarios, and has no faults of its own.

mod course;
mod fault;
mod place;
mod strike;
pub mod sweep;
mod workload;

pub use course::{Course, Grain};
pub use fault::{FAULTS, Fault, fault};
pub use place::{Packet, Place};
pub use strike::{Strike, Struck, label, strike};
pub use workload::{Workload, workloads};
