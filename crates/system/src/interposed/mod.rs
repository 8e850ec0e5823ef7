//! The symbols of libc that this crate takes the place of.
//!
//! A symbol of the program itself is found before one of a shared library. So `std` and every crate of the program call these, and
//! so does each shared library that calls libc's by name.

mod clocks;
mod entropy;
mod real;
mod syscall;
