//! Exit codes, as `--help` documents them.

use std::error::Error;
use std::process::ExitCode;

use super::output::tell;

/// How the command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything equals the accepted snapshots, something was found, or nothing was to be compared.
    AsAccepted = 0,
    /// A result differs, two traces do, or nothing was found.
    Differs = 1,
    /// Bad usage or a bad file.
    BadInput = 2,
    /// Nothing regressed, but a change is denied by a rule.
    Denied = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What a subcommand returns.
pub type Done = Result<Exit, Box<dyn Error>>;

/// Tells of an error on stderr, with its causes.
pub fn complain(error: &dyn Error) -> Exit {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = inner.source();
    }
    let prefix = if text.starts_with("error: ") { "" } else { "error: " };
    tell(&format!("{prefix}{}\n", text.trim_end()));
    Exit::BadInput
}
