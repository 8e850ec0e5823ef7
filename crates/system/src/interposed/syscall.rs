//! The system calls that are made by number: entropy for ring and rand 0.8, and every wait of `std`.

use std::ffi::{c_int, c_long, c_void};
use std::mem::transmute;
use std::time::Duration;

use libc::timespec;

use super::clocks::{real_clock_gettime, timespec_of, virtual_time};
use super::entropy::seeded;
use super::real::Real;

static SYSCALL: Real = Real::of(c"syscall");

/// C declares it with a variable number of arguments. On Linux these are passed as six `long` are, on x86-64 and on AArch64: in the
/// same registers, and a seventh does not exist.
#[unsafe(no_mangle)]
unsafe extern "C" fn syscall(
    number: c_long,
    a: c_long,
    b: c_long,
    c: c_long,
    d: c_long,
    e: c_long,
    f: c_long,
) -> c_long {
    if number == libc::SYS_getrandom {
        // SAFETY: the caller gives room for `b` bytes at `a`, as getrandom(2) has it.
        if let Some(filled) = unsafe { seeded(a as *mut c_void, b as usize) } {
            return filled as c_long;
        }
    }
    if number == libc::SYS_futex {
        // SAFETY: `b` is the operation, and the caller promises what futex(2) asks for with it.
        if let Some(deadline) = unsafe { real_deadline(b as c_int, d as *const timespec) } {
            let deadline = &raw const deadline as c_long;
            // SAFETY: as the caller called it, but for the deadline, which lives until the call is over.
            return unsafe { real_syscall(number, a, b, c, deadline, e, f) };
        }
    }
    // SAFETY: with the arguments of the caller, who promises what the system call asks for.
    unsafe { real_syscall(number, a, b, c, d, e, f) }
}

/// As libc has it.
///
/// # Safety
/// The arguments are what the system call of that number asks for.
unsafe fn real_syscall(
    number: c_long,
    a: c_long,
    b: c_long,
    c: c_long,
    d: c_long,
    e: c_long,
    f: c_long,
) -> c_long {
    type Syscall = unsafe extern "C" fn(c_long, ...) -> c_long;
    // SAFETY: the address is that of libc's `syscall`, and this is its type.
    let real = unsafe { transmute::<*mut c_void, Syscall>(SYSCALL.address()) };
    // SAFETY: the caller promises it.
    unsafe { real(number, a, b, c, d, e, f) }
}

/// A thread that blocks does so in real time. `std` waits until an absolute moment (`Condvar::wait_timeout`, `park_timeout`), which within
/// a run it takes from the virtual clock: this is the same moment on the kernel's clock. `None` if there is nothing to translate.
///
/// # Safety
/// `deadline` is what futex(2) asks for with this operation.
unsafe fn real_deadline(operation: c_int, deadline: *const timespec) -> Option<timespec> {
    let is_wait = operation & libc::FUTEX_CMD_MASK == libc::FUTEX_WAIT_BITSET;
    if !is_wait || deadline.is_null() {
        return None;
    }
    let is_date = operation & libc::FUTEX_CLOCK_REALTIME != 0;
    let clock = if is_date { libc::CLOCK_REALTIME } else { libc::CLOCK_MONOTONIC };
    let virtual_now = virtual_time(clock)?;
    // SAFETY: with this operation a pointer that is not null is one to a `timespec`.
    let deadline = unsafe { deadline.read() };
    let mut real_now = timespec_of(Duration::ZERO);
    // SAFETY: `real_now` is a `timespec`.
    unsafe { real_clock_gettime(clock, &raw mut real_now) };
    let left = duration_of(deadline).saturating_sub(virtual_now);
    Some(timespec_of(duration_of(real_now).saturating_add(left)))
}

/// Nothing before the start of the clock.
fn duration_of(time: timespec) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::from_secs(seconds).saturating_add(Duration::from_nanos(nanoseconds.into()))
}
