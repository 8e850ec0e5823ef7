//! Every scenario against every client: plays, judges, repeats.

#[cfg(feature = "clients")]
mod clients;
mod play;
mod repeat;

#[cfg(feature = "clients")]
pub use clients::{UnknownClient, built_in, choose, control_among};
pub use closewait_oracle::{Control, Mark, RunOutcome, RunResult};
pub use play::{play, play_all, play_by, run_of};
pub use repeat::{Divergence, repeat};
