//! Bytes that nobody can foretell, or that follow from the seed of a run.

use std::ffi::{c_uint, c_void};
use std::mem::transmute;

use libc::{size_t, ssize_t};

use super::real::Real;
use crate::run;

static GETRANDOM: Real = Real::of(c"getrandom");

#[unsafe(no_mangle)]
unsafe extern "C" fn getrandom(buffer: *mut c_void, length: size_t, flags: c_uint) -> ssize_t {
    // SAFETY: the caller gives room for so many bytes, as getrandom(2) has it.
    if let Some(filled) = unsafe { seeded(buffer, length) } {
        return filled;
    }
    type Getrandom = unsafe extern "C" fn(*mut c_void, size_t, c_uint) -> ssize_t;
    // SAFETY: the address is that of libc's `getrandom`, and this is its type.
    let real = unsafe { transmute::<*mut c_void, Getrandom>(GETRANDOM.address()) };
    // SAFETY: with the arguments of the caller, who promises what libc asks for.
    unsafe { real(buffer, length, flags) }
}

/// Fills the buffer if this thread plays a run, and says how many bytes that were.
///
/// # Safety
/// `buffer` is null, or has room for `length` bytes.
pub(super) unsafe fn seeded(buffer: *mut c_void, length: size_t) -> Option<ssize_t> {
    let filled = ssize_t::try_from(length).ok()?;
    if buffer.is_null() {
        // The kernel says what it thinks of that.
        return None;
    }
    run::draw(|entropy| {
        let bytes: *mut u8 = buffer.cast();
        for (index, byte) in entropy.bytes(length).enumerate() {
            // SAFETY: `index` is below `length`, and the caller promises room for that.
            unsafe { bytes.add(index).write(byte) };
        }
        filled
    })
}
