//! What happened in a run, and the views over it. Depends on no clock, socket or client.

mod event;
mod recorder;

pub use event::*;
pub use recorder::Recorder;
