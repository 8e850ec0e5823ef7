//! A real kernel as the client's host, with the program under test on it.

mod frames;
mod real_host;

pub use closewait_kernel::become_root_here;
pub use real_host::RealHost;
