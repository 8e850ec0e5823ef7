//! Every fault at every instant, random schedules, and what they shrink to. Writes scenarios, and has no faults of its own.

mod fault;
mod injection;
mod kind;
mod parallel;
mod point;
mod points;
pub mod random;
pub mod shrink;
pub mod sweep;
mod workload;

pub use fault::{FAULTS, Fault, fault};
pub use injection::{Injected, Injection, inject, label};
pub use kind::{circumstance_in_words, circumstances_of, count_faults, fault_of, faults_of};
pub use parallel::parallel;
pub use point::{Packet, Point};
pub use points::{Grain, Points};
pub use workload::{Workload, workloads};
