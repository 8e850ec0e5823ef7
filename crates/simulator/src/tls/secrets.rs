//! The secrets of a connection, as a key log has them.

use closewait_trace::{Recorder, Secret};
use rustls::KeyLog;

/// Hands the secrets of one connection to the recorder, so that what was recorded can be read.
#[derive(Debug)]
pub struct KeyLogger {
    recorder: Recorder,
    connection: u32,
}

impl KeyLogger {
    /// For the connection of this number.
    pub fn new(recorder: Recorder, connection: u32) -> Self {
        Self { recorder, connection }
    }
}

impl KeyLog for KeyLogger {
    fn log(&self, label: &str, _: &[u8], secret: &[u8]) {
        let secret = Secret { connection: self.connection, label: label.to_owned(), secret: secret.to_vec() };
        self.recorder.keep_secret(secret);
    }
}
