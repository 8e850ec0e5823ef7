//! Where no program can have a kernel of its own: not on Linux, or built without the feature `kernel`.

use std::io;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::{ProgramFault as Fault, ProgramLine as Line, Wire};

/// Nothing to do.
///
/// # Errors
/// Never: whoever asks for a host hears why there is none.
pub fn become_root_here() -> Result<(), std::convert::Infallible> {
    Ok(())
}

/// There is none.
pub enum RealHost {}

impl RealHost {
    /// Always an error.
    ///
    /// # Errors
    /// Always.
    pub fn new() -> Result<Arc<Self>, &'static str> {
        if cfg!(target_os = "linux") {
            Err("closewait was built without its feature `kernel`")
        } else {
            Err("other programs are tested on Linux only: their host is a kernel in a network namespace")
        }
    }

    /// Not to be had.
    pub fn attach(&self, _: Wire) {
        match *self {}
    }

    /// Not to be had.
    ///
    /// # Errors
    /// Never.
    pub fn start(&self, _: Command) -> io::Result<mpsc::UnboundedReceiver<Line>> {
        match *self {}
    }

    /// Not to be had.
    pub fn tell(&self, _: &str) {
        match *self {}
    }

    /// Not to be had.
    pub fn wait_for_line(&self, _: Duration) {
        match *self {}
    }

    /// Not to be had.
    pub fn before_idle(&self) {
        match *self {}
    }

    /// Not to be had.
    pub async fn keep(&self) -> Fault {
        match *self {}
    }

    /// Not to be had.
    pub fn fail(&self, _: String) {
        match *self {}
    }

    /// Not to be had.
    pub fn distort(&self, _: String) {
        match *self {}
    }

    /// Not to be had.
    pub fn distortion(&self) -> Option<String> {
        match *self {}
    }
}
