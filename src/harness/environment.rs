//! What the environment says about how the trials are run.

use std::env;
use std::path::PathBuf;

/// Set to accept what comes out: `CLOSEWAIT_ACCEPT=1`.
pub(super) const ACCEPT: &str = "CLOSEWAIT_ACCEPT";
/// Where to write the results, as `closewait run --format json` does.
pub(super) const RESULTS: &str = "CLOSEWAIT_RESULTS";
/// Where to write the packets of every run, as a pcapng capture.
pub(super) const PCAP: &str = "CLOSEWAIT_PCAP";

/// Set to play every run in this process: for a debugger, or a tool that measures coverage. `CLOSEWAIT_ONE_PROCESS=1`.
const ONE_PROCESS: &str = "CLOSEWAIT_ONE_PROCESS";

/// What to do with results that are not the accepted ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Acceptance {
    /// Accept everything.
    All,
    /// Accept what has no snapshot yet: somebody will look at the new files.
    New,
    /// Accept nothing: nobody would see the files.
    Nothing,
}

impl Acceptance {
    pub fn from_environment() -> Self {
        Self::of(env::var(ACCEPT).ok().as_deref(), env::var("CI").ok().as_deref())
    }

    fn of(accept: Option<&str>, ci: Option<&str>) -> Self {
        match (is_on(accept), is_on(ci)) {
            (true, _) => Self::All,
            (false, false) => Self::New,
            (false, true) => Self::Nothing,
        }
    }
}

fn is_on(value: Option<&str>) -> bool {
    value.is_some_and(|value| !matches!(value, "" | "0" | "false" | "no"))
}

/// Whether runs are to have no process of their own.
pub(super) fn is_one_process() -> bool {
    is_on(env::var(ONE_PROCESS).ok().as_deref())
}

/// The folder of the crate that is tested.
pub(super) fn crate_folder() -> PathBuf {
    // cargo and nextest set it for tests; a binary that is called by hand is called in that folder.
    env::var_os("CARGO_MANIFEST_DIR").map_or_else(PathBuf::new, PathBuf::from)
}

/// The file that a variable names, if one is wanted.
pub(super) fn file(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Whether each trial has a process of its own.
pub(super) fn is_nextest() -> bool {
    env::var_os("NEXTEST").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn continuous_integration_accepts_nothing_by_itself() {
        let check =
            |accept, ci, expected| assert_eq!(Acceptance::of(accept, ci), expected, "{accept:?} {ci:?}");
        check(None, None, Acceptance::New);
        check(None, Some("true"), Acceptance::Nothing);
        check(None, Some("false"), Acceptance::New);
        check(Some("0"), Some("1"), Acceptance::Nothing);
        check(Some("1"), None, Acceptance::All);
        check(Some("1"), Some("true"), Acceptance::All);
    }
}
