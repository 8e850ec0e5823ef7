//! What a simulated run takes from the system, in the one crate with `unsafe`: the clock that `std` reads, the entropy that it and
//! others take, a process for each run ([`Zygote`]), and what Linux says of sockets that others hold ([`descriptor`]).
//!
//! A simulation has virtual time. Clients also ask `std::time`: for the age of an idle connection, the back-off of a retry,
//! the end of a rate limit. This crate takes the place of libc's `clock_gettime` and its like. On a thread that plays a
//! [`Run`] they answer in virtual time; on every other thread the kernel's answer goes through. The same for `getrandom`:
//! within a run its bytes follow from the seed of the run, so that hash order and jitter are the same each time.
//!
//! Being linked is enough; no flag, no build script. It works on Linux (x86-64 and AArch64) in programs that link libc dynamically.
//! Elsewhere nothing is taken over, and [`is_virtual`] says so.
//!
//! # What is not reached
//!
//! - The processor's own counter (`rdtsc`: the crates quanta and minstant), `/dev/urandom`, and whoever makes system calls by itself.
//! - Whoever blocks the thread of the run: that takes real time, while virtual time stands. A loop that blocks until the clock says so
//!   (`Receiver::recv_timeout`) never ends.
//! - Other threads: a client that keeps time on a thread of its own has real time there.
//! - What a thread or a process drew before the run and keeps. `HashMap` and rand's thread-local generators seed themselves once per
//!   thread, so a run that is to be the same again needs a thread of its own. fastrand takes the number of the thread, `tokio::select!`
//!   that of the runtime, and ahash addresses: a process of its
//!   own makes the first two the same ([`Zygote`]), and addresses that are not randomised the third ([`fix_addresses`]).

#[cfg(target_os = "linux")]
mod addresses;
#[cfg(target_os = "linux")]
pub mod descriptor;
mod entropy;
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(target_feature = "crt-static")
))]
mod interposed;
mod lost;
#[cfg(target_os = "linux")]
mod program;
mod run;
#[cfg(target_os = "linux")]
mod shortage;
#[cfg(not(target_os = "linux"))]
mod without;
#[cfg(target_os = "linux")]
mod zygote;

#[cfg(target_os = "linux")]
pub use addresses::fix_addresses;
pub use lost::Lost;
#[cfg(target_os = "linux")]
pub use program::end_with_this_thread;
pub use run::{Run, is_virtual, set};
#[cfg(target_os = "linux")]
pub use shortage::shortage;
#[cfg(not(target_os = "linux"))]
pub use without::{Zygote, fix_addresses, shortage};
#[cfg(target_os = "linux")]
pub use zygote::Zygote;
