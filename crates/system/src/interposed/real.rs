//! libc's own functions, which these symbols hide.

use std::ffi::{CStr, c_char, c_void};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

/// A function of libc, looked up when it is first needed.
pub(super) struct Real {
    name: &'static CStr,
    address: AtomicPtr<c_void>,
}

impl Real {
    pub const fn of(name: &'static CStr) -> Self {
        Self { name, address: AtomicPtr::new(null_mut()) }
    }

    /// Its address. Two threads that look it up at once find the same.
    pub fn address(&self) -> *mut c_void {
        let known = self.address.load(Relaxed);
        if !known.is_null() {
            return known;
        }
        let name: *const c_char = self.name.as_ptr();
        // SAFETY: `name` ends with a zero byte and lives as long as the program; `RTLD_NEXT` finds what comes after this program.
        let found = unsafe { libc::dlsym(libc::RTLD_NEXT, name) };
        assert!(!found.is_null(), "libc has every function that is taken over here");
        self.address.store(found, Relaxed);
        found
    }
}
