//! Every scenario against every client: plays, judges, repeats.

mod cell;
#[cfg(feature = "clients")]
mod clients;
mod play;
mod repeat;

pub use cell::{Cell, CellResult, Control, Mark};
#[cfg(feature = "clients")]
pub use clients::{UnknownClient, choose};
pub use play::{play, play_all, play_by, run_of};
pub use repeat::{Divergence, repeat};
