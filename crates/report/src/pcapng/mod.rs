//! Runs as a packet capture, for those who would rather look with Wireshark.

mod capture;
mod packet;
mod run;

pub use capture::render;
