//! Standard output and progress.

use std::io::{self, ErrorKind, IsTerminal, Write};

/// Writes to stdout; colours are stripped where they do not belong. A reader that went away (`| head`) is no error.
///
/// # Errors
/// If stdout cannot be written for another reason.
pub fn print(text: &str) -> io::Result<()> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => {
            other.map_err(|error| io::Error::new(error.kind(), format!("cannot write the output: {error}")))
        }
    }
}

/// One line on stderr that is written over, if stderr is a terminal.
pub struct Progress {
    total: usize,
    done: usize,
    visible: bool,
}

impl Progress {
    /// Progress towards `total` results.
    pub fn new(total: usize) -> Self {
        Self { total, done: 0, visible: io::stderr().is_terminal() }
    }

    /// The next result begins.
    pub fn next(&mut self, scenario: &str, client: &str) {
        self.done += 1;
        self.show(&format!("{}/{}  {client}  {scenario}", self.done, self.total));
    }

    fn show(&self, text: &str) {
        if self.visible {
            // Progress is a courtesy: it must not fail a run.
            let _ = write!(io::stderr(), "\r\x1b[2K{text}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.show("");
    }
}
