//! What time it is.

use std::ffi::{c_int, c_void};
use std::mem::transmute;
use std::time::Duration;

use libc::{clockid_t, time_t, timespec, timeval};

use super::real::Real;
use crate::run;

/// The first second of 2026 in Unix time. The certificates of the scenarios are valid, or expired, on that day.
const DATE: Duration = Duration::from_secs(1_767_225_600);
/// A year since the machine was started: longer ago than `Instant`s that are subtracted from, and than most that a program took before
/// the run.
const UPTIME: Duration = Duration::from_secs(365 * 86_400);

static CLOCK_GETTIME: Real = Real::of(c"clock_gettime");
static GETTIMEOFDAY: Real = Real::of(c"gettimeofday");
static TIME: Real = Real::of(c"time");

#[unsafe(no_mangle)]
unsafe extern "C" fn clock_gettime(clock: clockid_t, time: *mut timespec) -> c_int {
    match virtual_time(clock) {
        Some(now) if !time.is_null() => {
            // SAFETY: the caller gives room for a `timespec`, as POSIX has it.
            unsafe { time.write(timespec_of(now)) };
            0
        }
        // SAFETY: with the arguments of the caller, who promises what libc asks for.
        _ => unsafe { real_clock_gettime(clock, time) },
    }
}

/// As libc has it.
///
/// # Safety
/// `time` is what libc asks for.
pub(super) unsafe fn real_clock_gettime(clock: clockid_t, time: *mut timespec) -> c_int {
    type ClockGettime = unsafe extern "C" fn(clockid_t, *mut timespec) -> c_int;
    // SAFETY: the address is that of libc's `clock_gettime`, and this is its type.
    let real = unsafe { transmute::<*mut c_void, ClockGettime>(CLOCK_GETTIME.address()) };
    // SAFETY: the caller promises it.
    unsafe { real(clock, time) }
}

/// For C code: `std` does not call it.
#[unsafe(no_mangle)]
unsafe extern "C" fn gettimeofday(time: *mut timeval, zone: *mut c_void) -> c_int {
    match virtual_time(libc::CLOCK_REALTIME) {
        Some(now) if !time.is_null() => {
            let microseconds = now.subsec_micros().into();
            // SAFETY: the caller gives room for a `timeval`, as POSIX has it.
            unsafe { time.write(timeval { tv_sec: seconds(now), tv_usec: microseconds }) };
            0
        }
        _ => {
            type Gettimeofday = unsafe extern "C" fn(*mut timeval, *mut c_void) -> c_int;
            // SAFETY: the address is that of libc's `gettimeofday`, and this is its type.
            let real = unsafe { transmute::<*mut c_void, Gettimeofday>(GETTIMEOFDAY.address()) };
            // SAFETY: with the arguments of the caller, who promises what libc asks for.
            unsafe { real(time, zone) }
        }
    }
}

/// For C code: `std` does not call it.
#[unsafe(no_mangle)]
unsafe extern "C" fn time(time: *mut time_t) -> time_t {
    let Some(now) = virtual_time(libc::CLOCK_REALTIME) else {
        type Time = unsafe extern "C" fn(*mut time_t) -> time_t;
        // SAFETY: the address is that of libc's `time`, and this is its type.
        let real = unsafe { transmute::<*mut c_void, Time>(TIME.address()) };
        // SAFETY: with the argument of the caller, who promises what libc asks for.
        return unsafe { real(time) };
    };
    if !time.is_null() {
        // SAFETY: not null, so the caller gives room for a `time_t`.
        unsafe { time.write(seconds(now)) };
    }
    seconds(now)
}

/// What the clock shows if this thread plays a run; `None` is for the kernel to answer, and so is the time that a
/// processor was used.
pub(super) fn virtual_time(clock: clockid_t) -> Option<Duration> {
    let start = match clock {
        libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE => DATE,
        libc::CLOCK_MONOTONIC
        | libc::CLOCK_MONOTONIC_RAW
        | libc::CLOCK_MONOTONIC_COARSE
        | libc::CLOCK_BOOTTIME => UPTIME,
        _ => return None,
    };
    run::elapsed().map(|elapsed| start.saturating_add(elapsed))
}

pub(super) fn timespec_of(time: Duration) -> timespec {
    timespec { tv_sec: seconds(time), tv_nsec: time.subsec_nanos().into() }
}

fn seconds(time: Duration) -> time_t {
    time_t::try_from(time.as_secs()).unwrap_or(time_t::MAX)
}
