//! Snapshots: what a pull request shows when a client's behaviour changes.

mod body;
mod file;
mod findings;

pub use body::body;
pub(crate) use body::{CONTROL, FINDINGS};
pub use file::{SOURCE, Snapshot, description};
pub use findings::lines;
pub(crate) use findings::read as read_findings;
