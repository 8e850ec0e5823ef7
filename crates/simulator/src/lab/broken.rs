//! A run that is not the client's to answer for has no trace: it unwinds to whoever wants to tell of it.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use closewait_trace::Broken;

/// Ends the caller, up to [`attempt`]. Nothing is printed.
pub fn throw(broken: Broken) -> ! {
    resume_unwind(Box::new(broken))
}

/// Does something that plays runs.
///
/// # Errors
/// Why they say nothing of any client. Every other panic passes through.
pub fn attempt<T>(work: impl FnOnce() -> T) -> Result<T, Broken> {
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|panic| panic.downcast().map_or_else(|panic| resume_unwind(panic), |broken| *broken))
}
