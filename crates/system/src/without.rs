//! Platforms on which nobody has tried.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use crate::lost::Lost;

/// There is none on this platform.
pub struct Zygote(Infallible);

impl Zygote {
    /// `None`.
    ///
    /// # Errors
    /// Never.
    pub fn start(_: Duration, _: impl Fn(&[u8]) -> Vec<u8>) -> io::Result<Option<Self>> {
        Ok(None)
    }

    /// Nobody can call it.
    ///
    /// # Errors
    /// Never.
    pub fn ask(&mut self, _: &[u8]) -> Result<Vec<u8>, Lost> {
        match self.0 {}
    }
}

/// False: nothing was done.
pub fn fix_addresses() -> bool {
    false
}

/// `None`: the numbers of its errors are not known.
pub fn shortage(_: &io::Error) -> Option<&'static str> {
    None
}
