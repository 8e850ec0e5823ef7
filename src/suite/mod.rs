//! Every scenario against every client: plays, judges, repeats.

mod cell;
mod clients;
mod play;
mod repeat;

pub use cell::{Cell, CellResult, Control, Mark};
pub use clients::{UnknownClient, choose};
pub use play::{play, play_all};
pub use repeat::{Divergence, repeat};
